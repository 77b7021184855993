import type { TurnContext } from '../../../context/index.ts';
import type { Budget, Config } from '../../../storage/config/index.ts';
import type { TurnBudget } from '../../turn/index.ts';

const MAX_TIMER_MS = 2 ** 31 - 1;

/** The limits of a turn. Only a request of the user has a budget: a compaction or a review is part of none. */
export function budgetOf(
  { taskKind }: Pick<TurnContext, 'taskKind'>,
  { budget }: Pick<Config, 'budget'>,
): Budget | null {
  const isLimited = Object.values(budget).some((limit) => limit !== null);
  return taskKind === 'regular' && isLimited ? budget : null;
}

/** The budget of one request of the user: its turn and all subagents that work for it, at any depth, draw on it together. */
export class RequestBudget {
  readonly #limits: Budget;
  readonly #now: () => number;
  readonly #startedAt: number;
  #tokensUsed = 0;
  #costUsed = 0;

  constructor(limits: Budget, now: () => number) {
    this.#limits = limits;
    this.#now = now;
    this.#startedAt = now();
  }

  /** Adds what a response used, in whichever thread. A cost that is not known could be any. */
  spend(tokens: number, costUsd: number | null): void {
    this.#tokensUsed += tokens;
    this.#costUsed += costUsd ?? Number.POSITIVE_INFINITY;
  }

  /** The budget as one turn sees it. `until` aborts when the turn needs no clock any more. */
  forTurn(until: AbortSignal, hasLastAnswer: boolean): TurnBudget {
    const minutesGone = () => (this.#now() - this.#startedAt) / 60_000;
    const { minutes } = this.#limits;
    return {
      ...this.#limits,
      hasLastAnswer,
      minutesGone,
      tokensUsed: () => this.#tokensUsed,
      costUsed: () => this.#costUsed,
      expired: minutes === null ? NEVER : timer((minutes - minutesGone()) * 60_000, until),
    };
  }
}

const NEVER = new AbortController().signal;

/** Aborts after `ms`. It keeps no process alive. */
function timer(ms: number, until: AbortSignal): AbortSignal {
  const late = new AbortController();
  const timeout = setTimeout(() => late.abort(), Math.min(MAX_TIMER_MS, Math.max(0, ms)));
  timeout.unref();
  until.addEventListener('abort', () => clearTimeout(timeout), { once: true });
  return late.signal;
}
