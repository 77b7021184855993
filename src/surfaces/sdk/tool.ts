import * as z from 'zod/mini';
import type { CustomCall, CustomResult, CustomTool, PreparedCall } from '../../engine/threads/index.ts';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';

type Fields = Readonly<Record<string, unknown>>;
/** A schema of zod (4, also of zod/mini). */
type Schema<T> = z.core.$ZodType<T>;

export interface ToolOptions<P extends Schema<Fields>, R> {
  /** The name by which the model calls it: letters, digits, _ and -. */
  readonly name: string;
  /** For the model: what it does, and when to use it. */
  readonly description: string;
  /** An object of the arguments; `.describe` says to the model what each is. */
  readonly parameters: P;
  /** Checks what `run` returns. Absent: any text, or what JSON can represent. */
  readonly result?: Schema<R>;
  /**
   * `ask`: the user is asked before each call. `never`: it runs without a question, whatever the policy. Absent: what only reads runs
   * without a question, and others are asked about as tools of an MCP server are.
   */
  readonly approval?: 'ask' | 'never';
  /** It changes nothing: it may run beside other calls, and again after a crash. Default false. */
  readonly readOnly?: boolean;
  /** What it throws is the model's to read. It runs with the rights of your program: keel's sandbox is for commands. */
  run(args: z.output<P>, call: CustomCall): Promise<R> | R;
}

/**
 * Makes a function of your program a tool that the model can call.
 *
 * @throws KeelError `invalidInput` for parameters that JSON Schema can't describe
 * @example
 * ```ts
 * const weather = tool({
 *   name: 'weather',
 *   description: 'The weather in a city now.',
 *   parameters: z.object({ city: z.string() }),
 *   readOnly: true,
 *   run: async ({ city }) => await fetchWeather(city),
 * });
 * const keel = new Keel({ tools: [weather] });
 * ```
 */
export function tool<P extends Schema<Fields>, R>(options: ToolOptions<P, R>): CustomTool {
  const { name, description, parameters, approval = 'auto', readOnly = false } = options;
  return {
    name,
    description,
    inputSchema: jsonSchemaOf(name, parameters),
    approval,
    readOnly,
    async prepare(args): Promise<PreparedCall> {
      const parsed = await parsedArguments(parameters, args);
      if (!parsed.success) return { type: 'failed', message: `wrong arguments: ${faultText(parsed.error)}` };
      return {
        type: 'ready',
        run: async (call) => resultOf(await checked(options.result, await options.run(parsed.data, call))),
      };
    },
  };
}

function jsonSchemaOf(name: string, parameters: Schema<Fields>): unknown {
  try {
    return z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' });
  } catch (cause) {
    const message = `the parameters of the tool ${JSON.stringify(name)} are no schema of zod 4: ${reasonOf(cause)}`;
    throw new KeelError('invalidInput', message, { cause });
  }
}

/** Models write null for a field that they leave out: such a field counts as absent where null is wrong. */
async function parsedArguments<P extends Schema<Fields>>(parameters: P, args: Fields) {
  const parsed = await z.safeParseAsync(parameters, args);
  const given = Object.entries(args).filter(([, value]) => value !== null);
  if (parsed.success || given.length === Object.keys(args).length) return parsed;
  const again = await z.safeParseAsync(parameters, Object.fromEntries(given));
  return again.success ? again : parsed;
}

async function checked<R>(schema: Schema<R> | undefined, value: R): Promise<R> {
  if (schema === undefined) return value;
  const parsed = await z.safeParseAsync(schema, value);
  if (!parsed.success) throw new Error(`the result is not what the tool declares: ${faultText(parsed.error)}`);
  return parsed.data;
}

/** @throws TypeError for what JSON can't represent */
function resultOf(value: unknown): CustomResult {
  if (typeof value === 'string') return { text: value, structured: null };
  if (value === undefined) return { text: 'done', structured: null };
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`the result is a ${typeof value}, which JSON can't represent`);
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return { text, structured: isObject ? { ...value } : null };
}

function faultText({ issues }: z.core.$ZodError): string {
  const texts = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  return texts.join('; ');
}
