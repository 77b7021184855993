import type { TurnContext } from '../../../context/index.ts';
import type { ResponseItem, SessionEvent, TaskKind } from '../../../foundation/protocol/index.ts';
import type { TurnOutcome, TurnPorts } from '../../turn/index.ts';
import type { RunDelegate } from './child-work.ts';
import type { UndoResult } from './undo-result.ts';

/** What a task may ask of its session. It stops answering once the task's turn has ended. */
export interface TaskSession {
  readonly context: TurnContext;
  /** Everything the turn loop works with, bound to this task's turn. */
  readonly ports: TurnPorts;
  /** Emits an event of the task; a finished item is recorded, so that a resumed thread shows it. */
  show(event: SessionEvent): void;
  readonly delegate: RunDelegate;
  /** Runs a command with the user's own rights; gives its record for the conversation. */
  runUserShell(command: string, signal: AbortSignal): Promise<ResponseItem>;
  /** Brings the files back to before the newest turn that was not undone yet. */
  undo(signal: AbortSignal): Promise<UndoResult>;
  /** Writes down what belongs to no step of the turn loop. */
  addItems(items: readonly ResponseItem[]): void;
}

/** What drives a turn. The session starts it, cancels it through the signal, and alone ends its turn. */
export interface SessionTask {
  readonly kind: TaskKind;
  /** What a compaction should keep in particular, where the user said so. */
  readonly focus?: string | null;
  /** Works until done; stops soon after `signal` aborts. A throw ends the turn as failed. */
  run(session: TaskSession, signal: AbortSignal): Promise<TurnOutcome>;
  /** Called once after the task was cancelled, whether it has settled or not, before the end of its turn is recorded. */
  abort?(session: TaskSession): Promise<void>;
}
