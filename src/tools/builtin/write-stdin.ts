import * as z from 'zod/mini';
import type { KeptSession } from '../../system/process/index.ts';
import {
  argumentNames,
  argumentsText,
  described,
  failedOutput,
  functionSpec,
  numberSchema,
  parseArguments,
  type Tool,
  type ToolContext,
  type ToolHandler,
  type ToolOutput,
  textSchema,
} from '../contract/index.ts';
import { count, milliseconds } from './commands/command-arguments.ts';
import { CommandItem } from './commands/command-item.ts';
import { type Wait, waitFor, wordNews } from './commands/session-output.ts';
import { clampYield, DEFAULT_YIELD_MS } from './exec-command.ts';

/** A wait without input may be this much longer than one with it. */
const MAX_POLL_MS = 300_000;
const MIN_POLL_MS = 5_000;
/** Silence after which an answer counts as complete, if the model names no wait of its own, milliseconds. */
const ANSWERED_MS = 400;

const writeArguments = z.object({
  session_id: count,
  chars: z.optional(z.string()),
  yield_time_ms: z.optional(milliseconds),
});
type WriteArguments = z.infer<typeof writeArguments>;

const spec = functionSpec({
  name: 'write_stdin',
  description: `Continue a session: send text, or nothing to wait (up to ${MAX_POLL_MS} ms); gives what was printed since. Enter is \\n, Ctrl-C is \\u0003. At the end you get the exit code. One long wait beats many short ones.`,
  required: ['session_id'],
  properties: {
    session_id: numberSchema,
    chars: described(textSchema, 'Empty only waits.'),
    yield_time_ms: numberSchema,
  },
});

const handler: ToolHandler = {
  payloads: ['function'],
  fields: argumentNames(writeArguments),
  parallel: false,
  repeat: 'ledger',
  async run(call, context, signal) {
    const parsed = parseArguments(argumentsText(call), writeArguments, { subject: 'write_stdin' });
    if (parsed.type === 'failed') return failedOutput(parsed.message);
    const { session_id: id } = parsed.value;
    const kept = context.sessions.get(id);
    if (!kept) return refused(noSession(id, context.sessions.exitCodeOf(id)));
    return writeTo(kept, { ...parsed.value, callId: call.callId }, context, signal);
  },
};

/** `write_stdin`: types into a session, or waits for it; gives what it printed since. */
export const writeStdinTool: Tool = { name: spec.name, spec, handler };

async function writeTo(
  { session, command, cwd, noteAtEnd }: KeptSession,
  { session_id: id, callId, chars = '', yield_time_ms }: WriteArguments & { readonly callId: string },
  context: ToolContext,
  signal: AbortSignal,
): Promise<ToolOutput> {
  if (chars !== '' && session.exitCode === null && !session.write(chars)) {
    return refused(`stdin is closed for session ${id}: it was started without tty`);
  }
  const item = new CommandItem({ callId, command, cwd, processId: String(id) }, context);
  session.listen(item.onText);
  await waitFor(session, waitAfter(chars, yield_time_ms), signal);
  const aborted = signal.aborted && session.exitCode === null;
  if (aborted) await session.end();
  session.listen(null);
  const hasEnded = aborted || session.exitCode !== null;
  if (hasEnded) context.sessions.drop(id);
  const news = session.takeNews();
  item.complete({
    status: aborted ? 'interrupted' : !hasEnded || session.exitCode === 0 ? 'completed' : 'failed',
    aggregatedOutput: news.output,
    exitCode: session.exitCode,
    durationMs: session.durationMs,
  });
  const { exitCode } = session;
  const notes = aborted || exitCode === null ? [] : noteAtEnd?.({ exitCode, output: session.transcript() });
  return wordNews({ session, id: hasEnded ? null : id, news, notes: notes ?? [], aborted }, context);
}

function waitAfter(chars: string, asked: number | undefined): Wait {
  if (chars === '') return { ms: Math.min(MAX_POLL_MS, Math.max(MIN_POLL_MS, asked ?? DEFAULT_YIELD_MS)) };
  return asked === undefined ? { ms: clampYield(), silenceMs: ANSWERED_MS } : { ms: clampYield(asked) };
}

function noSession(id: number, exitCode: number | null | undefined): string {
  if (exitCode === undefined) return `there is no session ${id}`;
  return exitCode === null ? `session ${id} was ended` : `session ${id} has ended with exit code ${exitCode}`;
}

function refused(reason: string): ToolOutput {
  return { body: `write_stdin failed: ${reason}`, success: false };
}
