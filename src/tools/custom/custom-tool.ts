import { KeelError } from '../../foundation/protocol/index.ts';
import { raceAbort, reasonOf } from '../../foundation/util/index.ts';
import type { FunctionToolSpec } from '../../models/prompt/index.ts';
import {
  boundedText,
  failedOutput,
  type Tool,
  type ToolHandler,
  type ToolOutput,
  type ToolRegistry,
} from '../contract/index.ts';
import { functionParameters, McpCallItem, readArguments, withServerNames } from '../mcp/index.ts';

/** What a call is given beside its arguments. */
export interface CustomCall {
  /** Aborts when the turn is interrupted: nobody waits for the function any more. */
  readonly signal: AbortSignal;
  /** The turn's working directory. Absolute. */
  readonly cwd: string;
}

export interface CustomResult {
  readonly text: string;
  /** What the model is shown in place of the text. */
  readonly structured: Readonly<Record<string, unknown>> | null;
}

export type PreparedCall =
  | { readonly type: 'ready'; run(call: CustomCall): Promise<CustomResult> }
  /** The arguments are wrong; `message` is for the model. */
  | { readonly type: 'failed'; readonly message: string };

/** A function of the program that keel runs in, as a tool. It runs with the program's own rights. */
export interface CustomTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, an object. */
  readonly inputSchema: unknown;
  /** Whether the user is asked: by what it is and the policy, each time, or never. */
  readonly approval: 'auto' | 'ask' | 'never';
  /** It changes nothing: it runs beside others, and again after a crash. */
  readonly readOnly: boolean;
  /** Checks the arguments, before anybody is asked. */
  prepare(args: Readonly<Record<string, unknown>>): Promise<PreparedCall>;
}

/** As what calls of such tools are shown and asked about. */
const SERVER = 'sdk';
/** As providers take them. */
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;
const OF_SERVERS = 'mcp__';

/**
 * Adds the program's tools to a registry.
 * @throws KeelError `invalidInput` for a name or a schema that can't be offered, and for a name that is taken
 */
export function registerCustomTools(registry: ToolRegistry, tools: readonly CustomTool[]): void {
  for (const tool of tools) {
    const { name } = tool;
    if (!NAME.test(name) || name.startsWith(OF_SERVERS)) {
      throw unusable(name, `a name has 1 to 64 letters, digits, _ or -, and doesn't start with ${OF_SERVERS}`);
    }
    if (registry.has(name)) throw unusable(name, 'there is a tool of this name already');
    const parameters = functionParameters(tool.inputSchema);
    if (parameters === null) throw unusable(name, "its parameters can't be described to a model");
    const spec: FunctionToolSpec = {
      type: 'function',
      name,
      description: tool.description.toWellFormed(),
      strict: false,
      parameters,
    };
    const registration: Tool = { name, spec, handler: customHandler(tool) };
    registry.register(registration);
  }
}

function unusable(name: string, reason: string): KeelError {
  return new KeelError('invalidInput', `the tool ${JSON.stringify(name)} can't be offered: ${reason}`);
}

const APPROVALS = { auto: 'auto', ask: 'prompt', never: 'approve' } as const;

/** Approval, record and item are those of a server's tool: to the user both are programs that keel doesn't know. */
function customHandler(tool: CustomTool): ToolHandler {
  const { name, readOnly } = tool;
  return {
    payloads: ['function'],
    parallel: readOnly,
    repeat: readOnly ? 'safe' : 'asks',
    onlyReads: () => readOnly,
    async run(call, context, signal) {
      const parsed = readArguments(call);
      if (parsed.type === 'failed') return failed(parsed.message);
      const args = withServerNames(parsed.args, tool.inputSchema) ?? {};
      const prepared = await tool.prepare(args);
      if (prepared.type === 'failed') return failed(prepared.message);
      const { callId } = call;
      const item = new McpCallItem({ id: callId, server: SERVER, tool: name, arguments: args }, context);
      const { cwd } = context.turn;
      const outcome = await context.orchestrator.runMcpCall(
        {
          callId,
          server: SERVER,
          tool: name,
          arguments: args,
          annotations: { readOnlyHint: readOnly },
          approval: APPROVALS[tool.approval],
          run: () => ended(prepared.run({ signal, cwd }), signal),
        },
        context,
        signal,
      );
      if (outcome.type === 'refused') {
        item.failed('declined', outcome.message);
        return failedOutput(outcome.message, 'notRun');
      }
      if (outcome.value.type !== 'answered') {
        const { type, message } = outcome.value;
        item.failed('failed', message);
        return type === 'aborted' ? failedOutput(message) : failed(message);
      }
      const { text, structured } = outcome.value.result;
      const result = {
        content: [{ type: 'text', text }],
        ...(structured === null ? {} : { structuredContent: structured }),
      };
      item.answered(result);
      const shown = structured === null ? text : JSON.stringify(structured);
      return { body: boundedText(shown, callId, context), success: true };
    },
  };
}

type Ended =
  | { readonly type: 'answered'; readonly result: CustomResult }
  | { readonly type: 'failed' | 'aborted'; readonly message: string };

/** Waits for the function, but no longer than for the turn. Whatever it throws is the model's to know. */
async function ended(work: Promise<CustomResult>, signal: AbortSignal): Promise<Ended> {
  try {
    return { type: 'answered', result: await raceAbort(work, signal) };
  } catch (error) {
    return signal.aborted ? { type: 'aborted', message: 'aborted' } : { type: 'failed', message: reasonOf(error) };
  }
}

function failed(message: string): ToolOutput {
  return failedOutput(`err: ${message}`);
}
