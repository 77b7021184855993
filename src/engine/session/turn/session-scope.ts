import type { TurnContext } from '../../../context/index.ts';
import type { ResponseItem, SessionEvent, TaskKind } from '../../../foundation/protocol/index.ts';
import type { OpenTurnLine } from '../../../storage/rollout/index.ts';
import type { TurnOutcome, TurnPorts } from '../../turn/index.ts';
import type { ChildAgents } from '../agents/subagents.ts';
import type { SessionServices } from '../services.ts';
import type { SessionState } from '../state.ts';
import type { TaskSession } from '../tasks/task.ts';
import type { AbortReason, ActiveTurn } from './active-turn.ts';
import type { TurnHandle } from './turn-handle.ts';
import type { TurnState } from './turn-state.ts';

export interface TurnStart {
  readonly turnId: string;
  readonly taskKind: TaskKind;
  readonly outputSchema: unknown;
}

/** What the parts of one session share. */
export interface SessionScope {
  readonly state: SessionState;
  readonly services: SessionServices;
  readonly emit: (event: SessionEvent) => void;
  readonly agents: ChildAgents;
  /** The one place where a TurnContext is made: from the session's settings as they are now. */
  makeTurnContext(start: TurnStart): TurnContext;
  /** Through which the work of a turn speaks. */
  handle(context: TurnContext, state: TurnState): TurnHandle;
  /** Writes the turn's beginning down and gives what its loop works with. `recorded`: the journal of a cut-off turn. */
  openTurn(active: ActiveTurn, recorded: readonly OpenTurnLine[] | null): Promise<TurnPorts>;
  /** Runs a command of the user's; gives its record for the conversation. */
  runUserShell(active: ActiveTurn, command: string, id: string, signal: AbortSignal): Promise<ResponseItem>;
  /**
   * Takes the user's last turns out of the conversation, while no turn runs.
   * @throws KeelError `invalidInput`; then nothing has changed
   */
  rollBack(turns: number): Promise<void>;
  /** What a task may do beside its turn loop. */
  taskSession(active: ActiveTurn, ports: TurnPorts): TaskSession;
  /** Writes the turn's end down, tells the model of an interruption, and syncs the rollout. Never throws. */
  closeTurn(active: ActiveTurn, outcome: TurnOutcome, reason: AbortReason | null): Promise<void>;
}
