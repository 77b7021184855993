import { type DigestKind, hexDigest } from '../../foundation/util/index.ts';

/**
 * The prefix of every line that keel itself adds to a tool result. It depends on the thread, so that content that was written
 * before can't carry it.
 */
export function noteMark(threadId: string, digests: DigestKind): string {
  return `keel:${hexDigest(digests, `${threadId}/note`).slice(0, 6)}`;
}

/** What is left of a budget. */
export interface BudgetLeft {
  readonly left: number;
  readonly total: number;
  readonly unit: 'tokens' | 'minutes' | 'turns' | 'dollars';
}

/** The output of a call that the model makes although it knows that the budget is used up. */
export const BUDGET_REFUSAL = 'not run: the budget is used up';

/** The last line of the newest output when the budget is used up: one answer may follow. */
export function budgetUsedUp(mark: string): string {
  return `${mark} The budget is used up. No further calls will run. Answer now: what is done and checked, what is half done and where, and what comes next.`;
}

/** The last line of the newest output when a quarter, and when a tenth, is left. */
export function budgetWarning(mark: string, { left, total, unit }: BudgetLeft): string {
  return `${mark} ${twoDigits(left)} of ${twoDigits(total)} ${unit} left for this task. Bring it to a state that holds together, check it, and finish.`;
}

function twoDigits(value: number): string {
  return String(Number(value.toPrecision(2)));
}
