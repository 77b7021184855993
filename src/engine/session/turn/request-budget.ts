import type { TurnContext } from '../../../context/index.ts';
import type { BudgetUsedRecord } from '../../../foundation/protocol/index.ts';
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

/** What one response used. */
export interface Spending {
  readonly tokens: number;
  /** US dollars; null: not known, and so it could be any. */
  readonly costUsd: number | null;
  /** It is read from the journal of a turn that continues. */
  readonly isReplayed: boolean;
}

/** The budget of one request of the user: its turn and all subagents that work for it, at any depth, draw on it together. */
export class RequestBudget {
  readonly #limits: Budget;
  readonly #now: () => number;
  readonly #startedAt: number;
  /** Replayed responses are in what was recorded, if that was. */
  readonly #countsReplayed: boolean;
  #tokensUsed: number;
  #costUsed: number;

  /** @param used by a request that continues, before this process had it; the time between two processes is nobody's */
  constructor(limits: Budget, now: () => number, used: BudgetUsedRecord | null) {
    this.#limits = limits;
    this.#now = now;
    this.#startedAt = now() - (used?.minutes ?? 0) * 60_000;
    this.#countsReplayed = used === null;
    this.#tokensUsed = used?.tokens ?? 0;
    this.#costUsed = used === null ? 0 : (used.cost ?? Number.POSITIVE_INFINITY);
  }

  /** Adds what a response used, in whichever thread. */
  spend({ tokens, costUsd, isReplayed }: Spending): void {
    if (isReplayed && !this.#countsReplayed) return;
    this.#tokensUsed += tokens;
    this.#costUsed += costUsd ?? Number.POSITIVE_INFINITY;
  }

  /** For the record, so that a process which continues the request knows it. */
  get used(): BudgetUsedRecord {
    const cost = Number.isFinite(this.#costUsed) ? this.#costUsed : null;
    return { type: 'budget_used', tokens: this.#tokensUsed, minutes: this.#minutesGone(), cost };
  }

  /** The budget as one turn sees it. `until` aborts when the turn needs no clock any more. */
  forTurn(until: AbortSignal, hasLastAnswer: boolean): TurnBudget {
    const minutesGone = () => this.#minutesGone();
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

  #minutesGone(): number {
    return (this.#now() - this.#startedAt) / 60_000;
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
