import type { TaskKind } from '../../../foundation/protocol/index.ts';
import type { TaskEnd } from '../../../storage/rollout/index.ts';
import type { TurnOutcome, TurnPorts } from '../../turn/index.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import type { TurnDeps } from '../turn/turn-deps.ts';

/** What a task works with, once the start of its turn is recorded. */
export interface TaskTurn {
  readonly deps: TurnDeps;
  readonly active: ActiveTurn;
  readonly ports: TurnPorts;
}

/** What drives a turn. The session starts it, cancels it through the signal, and alone ends its turn. */
export interface SessionTask {
  readonly kind: TaskKind;
  /** What a compaction should keep in particular, where the user said so. */
  readonly focus?: string | null;
  /** Works until done; settles at once when `signal` aborts. A throw ends the turn as failed. */
  run(turn: TaskTurn, signal: AbortSignal): Promise<TurnOutcome>;
  /** What follows where an earlier process did the task, but was cut off before it could record the end of its turn. */
  doneBefore?(turn: TaskTurn): Promise<void>;
}

/** How a turn ends whose task has ended so. */
export function outcomeOf(end: TaskEnd): TurnOutcome {
  return end.type === 'completed' ? { ...end, lastAgentMessage: null } : end;
}
