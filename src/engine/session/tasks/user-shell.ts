import { userShellNote } from '../../../context/index.ts';
import type { ResponseItem, ThreadItemOf } from '../../../foundation/protocol/index.ts';
import { truncatePartial } from '../../../foundation/util/index.ts';
import { type CommandEnd, type CommandOutcome, runCommand } from '../../../system/process/index.ts';
import type { SessionServices } from '../services.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';

const LIMIT_MS = 60 * 60 * 1_000;
/** Live output that is told; the completed item has it all, bounded. */
const MAX_TOLD_CHARS = 256 * 1024;
const STOPPED_EXIT_CODE = -1;

export interface UserShellRun {
  readonly services: SessionServices;
  readonly active: ActiveTurn;
  readonly command: string;
  /** Names the item that people see. */
  readonly callId: string;
  readonly signal: AbortSignal;
}

/**
 * Runs a command that the user typed: with the user's own rights, unasked, as in their terminal. Keys are out of its
 * environment all the same, since the model reads what it prints.
 * @returns the record of it for the conversation
 */
export async function runUserShell({ services, active, command, callId, signal }: UserShellRun): Promise<ResponseItem> {
  const { handle, context } = active;
  const { turnId, cwd } = context;
  const item: ThreadItemOf<'commandExecution'> = {
    ...{ type: 'commandExecution', id: callId, command, cwd, processId: null, source: 'userShell' },
    ...{ status: 'inProgress', commandActions: [], aggregatedOutput: null, exitCode: null, durationMs: null },
  };
  handle.show({ type: 'item.started', turnId, item });
  await services.commandEnvironment.ready(signal);
  let told = 0;
  const outcome = await runCommand(
    { argv: [services.shell.path, '-c', command], cwd, env: services.commandEnvironment.current() },
    {
      processes: services.processes,
      timeoutMs: LIMIT_MS,
      signal,
      onText(delta) {
        told += delta.length;
        if (told <= MAX_TOLD_CHARS)
          handle.emit({ type: 'item.delta', turnId, itemId: callId, part: 'commandOutput', delta });
      },
      spill: null,
    },
  );
  const exitCode = exitCodeOf(outcome.end);
  const { output: aggregatedOutput, durationMs } = outcome;
  const status = exitCode === 0 ? 'completed' : 'failed';
  handle.show({ type: 'item.completed', turnId, item: { ...item, status, aggregatedOutput, exitCode, durationMs } });
  return userShellNote({ command, exitCode, durationMs, output: outputOf(outcome) });
}

function exitCodeOf(end: CommandEnd): number {
  return end.type === 'exited' || end.type === 'signalled' ? end.exitCode : STOPPED_EXIT_CODE;
}

function outputOf({ end, partial }: CommandOutcome): string {
  const output = truncatePartial(partial);
  if (end.type === 'spawnFailed') return end.message;
  return end.type === 'aborted'
    ? `${output}${output === '' || output.endsWith('\n') ? '' : '\n'}stopped by the user`
    : output;
}
