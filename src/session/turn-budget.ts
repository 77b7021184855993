import type { Budget, Config } from '../config/index.ts';
import type { TurnContext } from '../context/index.ts';
import type { TurnBudget } from '../turn/index.ts';

/** What a turn may cost. Only what the user asked for has a budget: a compaction or a review is part of none. */
export function budgetOf(
  { taskKind }: Pick<TurnContext, 'taskKind'>,
  { budget }: Pick<Config, 'budget'>,
): Budget | null {
  const { tokens, minutes } = budget;
  return taskKind !== 'regular' || (tokens === null && minutes === null) ? null : { tokens, minutes };
}

/** The same with a clock that starts now. */
export function turnBudget(budget: Budget | null, now: () => number): TurnBudget | null {
  if (budget === null) return null;
  const startedAt = now();
  return { ...budget, minutesGone: () => (now() - startedAt) / 60_000 };
}
