import { userShellNote } from '../../../context/index.ts';
import type { ResponseItem, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { cutLines, fitsModel, MAX_OUTPUT_BYTES } from '../../../foundation/util/index.ts';
import { type CommandEnd, type CommandOutcome, runCommand } from '../../../system/process/index.ts';
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

/**
 * Runs a command that the user typed: with the user's own rights, unasked, as in their terminal. Keys are out of its
 * environment all the same, since the model reads what it prints.
 * @returns its record for the conversation
 */
export async function runUserShell(
  { services }: SessionDeps,
  { context, recorder }: ActiveTurn,
  { command, id }: UserCommand,
  signal: AbortSignal,
): Promise<ResponseItem> {
  const { turnId, cwd } = context;
  const callId = `shell-${id}`;
  const item: ThreadItemOf<'commandExecution'> = {
    ...{ type: 'commandExecution', id: callId, command, cwd, processId: null, source: 'userShell' },
    ...{ status: 'inProgress', commandActions: [], aggregatedOutput: null, exitCode: null, durationMs: null },
  };
  recorder.show({ type: 'item.started', turnId, item });
  await services.commandEnvironment.ready(signal);
  let emitted = 0;
  const outcome = await runCommand(
    { argv: [services.shell.path, '-c', command], cwd, env: services.commandEnvironment.current() },
    {
      processes: services.processes,
      timeoutMs: LIMIT_MS,
      signal,
      onText(delta) {
        emitted += delta.length;
        if (emitted <= MAX_EMITTED_CHARS)
          recorder.emit({ type: 'item.delta', turnId, itemId: callId, part: 'commandOutput', delta });
      },
      spill: null,
    },
  );
  const exitCode = exitCodeOf(outcome.end);
  const { output: aggregatedOutput, durationMs } = outcome;
  const status = exitCode === 0 ? 'completed' : 'failed';
  recorder.show({ type: 'item.completed', turnId, item: { ...item, status, aggregatedOutput, exitCode, durationMs } });
  return userShellNote({ command, exitCode, durationMs, output: outputOf(outcome) });
}

function exitCodeOf(end: CommandEnd): number {
  return end.type === 'exited' || end.type === 'signalled' ? end.exitCode : STOPPED_EXIT_CODE;
}

function outputOf({ end, partial }: CommandOutcome): string {
  const cut = { maxBytes: MAX_OUTPUT_BYTES, where: 'not kept' };
  const output = fitsModel(partial) ? partial.head + partial.tail : cutLines(partial, cut);
  if (end.type === 'spawnFailed') return end.message;
  return end.type === 'aborted'
    ? `${output}${output === '' || output.endsWith('\n') ? '' : '\n'}stopped by the user`
    : output;
}
