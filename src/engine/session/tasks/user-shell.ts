import * as z from 'zod/mini';
import { userShellNote } from '../../../context/index.ts';
import type { ResponseItem, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import {
  cutBytesEnd,
  cutLines,
  fitsModel,
  MAX_OUTPUT_BYTES,
  parseJson,
  unlessAborted,
} from '../../../foundation/util/index.ts';
import { type CommandEnd, type CommandOutcome, runCommand } from '../../../system/process/index.ts';
import { type ToolOutput, unknownOutcome } from '../../../tools/index.ts';
import type { SessionDeps } from '../session-deps.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';

const LIMIT_MS = 60 * 60 * 1_000;
/** Most live output that is emitted; the completed item has it all, bounded. */
const MAX_EMITTED_CHARS = 256 * 1024;
const STOPPED_EXIT_CODE = -1;

export interface UserCommand {
  readonly command: string;
  /** The submission's. */
  readonly id: string;
}

/** A command that has ended: what the model is to know of it, and what people see. */
export interface EndedCommand {
  readonly note: ResponseItem;
  readonly item: ThreadItemOf<'commandExecution'>;
}

/**
 * Runs a command that the user typed: with the user's own rights, unasked, as in their terminal. Keys are out of its
 * environment all the same, since the model reads what it prints. One that is stopped is known with what it had printed by then,
 * however long it takes to end. One that comes again under its id, since an earlier process was killed with it, is not run twice.
 */
export async function runUserShell(
  { services }: SessionDeps,
  { context, recorder }: ActiveTurn,
  { command, id }: UserCommand,
  signal: AbortSignal,
): Promise<EndedCommand> {
  const { turnId, cwd } = context;
  const callId = `shell-${id}`;
  const item: ThreadItemOf<'commandExecution'> = {
    ...{ type: 'commandExecution', id: callId, command, cwd, processId: null, source: 'userShell' },
    ...{ status: 'inProgress', commandActions: [], aggregatedOutput: null, exitCode: null, durationMs: null },
  };
  recorder.show({ type: 'item.started', turnId, item });
  await services.commandEnvironment.ready(signal);
  const startedAt = services.now();
  let heard = '';
  let whole: string | null = null;
  const run = () =>
    runCommand(
      { argv: [services.shell.path, '-c', command], cwd, env: services.commandEnvironment.current() },
      {
        processes: services.processes,
        timeoutMs: LIMIT_MS,
        signal,
        onText(delta) {
          if (heard.length + delta.length > MAX_EMITTED_CHARS) return;
          heard += delta;
          recorder.emit({ type: 'item.delta', turnId, itemId: callId, part: 'commandOutput', delta });
        },
        spill: null,
      },
    );
  const ending = services.toolHost.call({ key: callId, callId, asked: command }, async ({ start }) => {
    await start();
    const outcome = await run();
    whole = outcome.output;
    const exitCode = exitCodeOf(outcome.end);
    const known: Known = { exitCode, durationMs: outcome.durationMs, output: outputOf(outcome) };
    return { body: JSON.stringify(known), success: exitCode === 0 };
  });
  // The turn doesn't wait for what takes its time to stop.
  const ended = await unlessAborted(ending, signal, null);
  const stoppedNow = () => ({
    exitCode: STOPPED_EXIT_CODE,
    durationMs: services.now() - startedAt,
    output: asStopped(heard),
  });
  const output = ended?.type === 'done' ? ended.output : ended && unknownOutcome(ended);
  const known = output === null ? stoppedNow() : knownIn(output);
  const { exitCode, durationMs } = known;
  const facts = { exitCode: exitCode ?? STOPPED_EXIT_CODE, durationMs: durationMs ?? 0, output: known.output };
  const status = output?.success ? 'completed' : 'failed';
  return {
    note: userShellNote({ command, ...facts }),
    item: { ...item, status, aggregatedOutput: whole ?? known.output, exitCode, durationMs },
  };
}

const Known = z.object({
  exitCode: z.nullable(z.number()),
  durationMs: z.nullable(z.number()),
  output: z.string(),
});
type Known = z.infer<typeof Known>;

/** Of a command that keel was killed with there is only a sentence. */
function knownIn({ body }: ToolOutput): Known {
  const text = typeof body === 'string' ? body : '';
  const known = Known.safeParse(parseJson(text)).data;
  return known ?? { exitCode: null, durationMs: null, output: text };
}

function exitCodeOf(end: CommandEnd): number {
  return end.type === 'exited' || end.type === 'signalled' ? end.exitCode : STOPPED_EXIT_CODE;
}

function outputOf({ end, partial }: CommandOutcome): string {
  const cut = { maxBytes: MAX_OUTPUT_BYTES, where: 'not kept' };
  const output = fitsModel(partial) ? partial.head + partial.tail : cutLines(partial, cut);
  if (end.type === 'spawnFailed') return end.message;
  return end.type === 'aborted' ? asStopped(output) : output;
}

function asStopped(output: string): string {
  const said = cutBytesEnd(output, MAX_OUTPUT_BYTES);
  return `${said}${said === '' || said.endsWith('\n') ? '' : '\n'}stopped by the user`;
}
