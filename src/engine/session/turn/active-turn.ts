import type { TurnContext } from '../../../context/index.ts';
import type { SessionEventOf } from '../../../foundation/protocol/index.ts';
import type { SessionTask, TaskSession } from '../tasks/task.ts';
import type { TurnHandle } from './turn-handle.ts';
import type { TurnState } from './turn-state.ts';

/** Why a turn was stopped from outside. */
export type AbortReason = NonNullable<SessionEventOf<'turn.completed'>['abortReason']>;

/** Exists only while a task runs; a session has at most one. */
export interface ActiveTurn {
  readonly context: TurnContext;
  readonly task: SessionTask;
  readonly state: TurnState;
  readonly handle: TurnHandle;
  readonly abort: AbortController;
  /** Aborts when the turn is stopped or its task has settled, for work that only the task has a use for. */
  readonly background: AbortSignal;
  /** What the task works with; null until its turn is open. */
  session: TaskSession | null;
  /** Resolves when the task's `run` has settled, never rejects. */
  readonly done: Promise<void>;
}
