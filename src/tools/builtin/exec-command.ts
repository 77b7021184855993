import * as z from 'zod/mini';
import {
  argumentNames,
  booleanSchema,
  described,
  escalation,
  failedOutput,
  functionSpec,
  keepRunning,
  limitText,
  numberSchema,
  type ParsedArguments,
  parseArguments,
  type Tool,
  type ToolCall,
  type ToolContext,
  type ToolHandler,
  type ToolOutput,
  textSchema,
} from '../contract/index.ts';
import {
  commandField,
  isReading,
  limitFields,
  limitsOf,
  milliseconds,
  scriptOf,
} from './commands/command-arguments.ts';
import { runSession } from './commands/run-session.ts';

/** Longest wait of one call, milliseconds. */
const MAX_YIELD_MS = 30_000;
export const DEFAULT_YIELD_MS = 10_000;
const MIN_YIELD_MS = 250;

const execArguments = z.object({
  cmd: commandField,
  ...limitFields,
  shell: z.optional(z.string()),
  login: z.optional(z.boolean()),
  yield_time_ms: z.optional(milliseconds),
  tty: z.optional(z.boolean()),
  keep_running: z.optional(z.boolean()),
});
const aliases = { cmd: ['command'], workdir: ['cwd'] };
type ExecArguments = z.infer<typeof execArguments>;

const spec = functionSpec({
  name: 'exec_command',
  description: `Run a shell command. Returns when it ends, with exit code and output. If still going after \`yield_time_ms\` it keeps running, and you get its output so far and a session id for \`write_stdin\`: for builds, servers and programs that ask. All of it ends with the run. ${limitText}`,
  required: ['cmd'],
  properties: {
    cmd: described(textSchema, 'Script for bash.'),
    workdir: textSchema,
    yield_time_ms: described(numberSchema, `Longest wait; ${DEFAULT_YIELD_MS} if absent, at most ${MAX_YIELD_MS}.`),
    tty: described(booleanSchema, 'A terminal; else its input is empty.'),
    ...keepRunning,
    ...escalation,
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(execArguments, aliases),
  parallel: false,
  repeat: 'asks',
  onlyReads(call, { judge, shell }) {
    const parsed = parsedCall(call);
    return (
      parsed.type === 'parsed' &&
      isReading([parsed.value.shell ?? shell, '-c', scriptOf(parsed.value.cmd)], parsed.value, judge)
    );
  },
  async run(call, context, signal) {
    const parsed = parsedCall(call);
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    return runScript(call, parsed.value, context, signal);
  },
};

/** `exec_command`: runs a script that may outlive the call; it then continues as a session for `write_stdin`. */
export const execCommandTool: Tool = { name: spec.name, spec, handler };

function parsedCall({ payload }: ToolCall): ParsedArguments<ExecArguments> {
  const text = payload.type === 'function' ? payload.arguments : '';
  return parseArguments(text, execArguments, { aliases, subject: 'exec_command' });
}

async function runScript(
  call: ToolCall,
  args: ExecArguments,
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  const script = scriptOf(args.cmd);
  const argv = [args.shell ?? context.shell, args.login ? '-lc' : '-c', script];
  const waitMs = clampYield(args.yield_time_ms);
  const { tty = false, keep_running: outlives = false } = args;
  return runSession(call, { ...limitsOf(args), argv, label: script, tty, outlives, waitMs }, context, signal);
}

export function clampYield(ms: number = DEFAULT_YIELD_MS): number {
  return Math.min(MAX_YIELD_MS, Math.max(MIN_YIELD_MS, ms));
}
