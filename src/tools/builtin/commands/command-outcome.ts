import { type CommandResult, timedOutLine } from '../../../foundation/protocol/index.ts';
import type { CommandOutcome } from '../../../system/process/index.ts';
import { abortedNote, showOutput } from '../../contract/index.ts';

/** Exit code of a command that was killed at its time limit. */
export const TIMEOUT_EXIT_CODE = 124;

export interface Wording {
  readonly timeoutMs: number;
  readonly mark: string;
  /** Lines of keel's own on why the program failed; for one that was killed at its limit, why more time does not help. */
  readonly notes: readonly string[];
}

/** The result of a command that ran to completion. */
export function wordOutcome(outcome: CommandOutcome, { timeoutMs, mark, notes }: Wording): CommandResult {
  const { end, durationMs } = outcome;
  const durationSeconds = Math.round(durationMs / 100) / 10;
  const shown = { ...outcome, printedBytes: outcome.totalBytes };
  switch (end.type) {
    case 'exited':
      return { output: showOutput(shown, { last: notes }, mark), exitCode: end.exitCode, durationSeconds };
    case 'signalled': {
      const note = `${mark} The program was ended by the signal ${end.signal}.`;
      return { output: showOutput(shown, { last: [note] }, mark), exitCode: end.exitCode, durationSeconds };
    }
    case 'timedOut': {
      const cure = notes.length > 0 ? '' : ' Give it more with timeout_ms, or do less in one call.';
      const note = `${mark} Killed at its time limit of ${timeoutMs} ms with everything it had started.${cure}`;
      const own = { first: timedOutLine(durationMs), last: [note, ...notes] };
      return { output: showOutput(shown, own, mark), exitCode: TIMEOUT_EXIT_CODE, durationSeconds };
    }
    case 'aborted':
      return { output: showOutput(shown, { last: [abortedNote(durationMs)] }, mark), exitCode: -1, durationSeconds };
    case 'spawnFailed':
      return { output: `execution error: ${end.message}`, exitCode: -1, durationSeconds };
  }
}
