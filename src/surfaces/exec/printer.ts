import type { SessionEvent, SessionEventOf } from '../../foundation/protocol/index.ts';
import type { NotDone } from './not-done.ts';

/** What happens in a run before its turn ends. */
export type RunEvent = Exclude<SessionEvent, SessionEventOf<'turn.completed'>>;

/** The end of a run's turn. */
export interface RunResult {
  readonly turn: SessionEventOf<'turn.completed'>;
  /** The final message; null: there is none, or nobody waits for it. */
  readonly message: string | null;
  /** What the turn leaves undone; null: nothing. */
  readonly notDone: NotDone | null;
  /** The file for the message could not be written: the run is no success, and its failure follows. */
  readonly isUnwritten: boolean;
}

/** Shows a run as it happens. One implementation for people, one for programs. */
export interface ExecPrinter {
  print(event: RunEvent): void;
  end(result: RunResult): Promise<void>;
  /** The run is stopped before its turn has ended. */
  endEarly(): void;
}

/** The printer of a run for a program: all of standard output is its. */
export interface ProgramPrinter extends ExecPrinter {
  /** Whatever ends the run early, in place of the turn's end. */
  printFailure(message: string): void;
}

/** For people. */
export function droppedMessage({ ids }: SessionEventOf<'submissions.dropped'>): string {
  return ids.length === 1 ? '1 queued submission was dropped' : `${ids.length} queued submissions were dropped`;
}
