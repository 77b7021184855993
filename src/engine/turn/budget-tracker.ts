import { type BudgetLeft, budgetUsedUp, budgetWarning } from '../../context/index.ts';
import type { BudgetNote } from './call-value.ts';
import type { TurnPorts } from './ports.ts';

/** Shares of a budget at which the model is warned, in order. */
const WARNED_AT = [0.25, 0.1];

/** A line about the budget that is due, and the fact that is journaled beside the output that carries it. */
export interface DueNote {
  readonly line: string;
  readonly note: BudgetNote;
}

/**
 * What a turn has used of its budget, and what the model knows of it. The model's knowledge is taken from the journaled notes,
 * so that a replayed turn takes the same way.
 */
export class BudgetTracker {
  readonly #ports: TurnPorts;
  /** How many warnings the model has had of each. */
  readonly #warnings = new Map<BudgetLeft['unit'], number>();
  #isUsedUp = false;
  #round = 0;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** The model knows that nothing is left: it has one last answer, and no call runs. */
  get isUsedUp(): boolean {
    return this.#isUsedUp;
  }

  /** Call before each request with the number of the response that it asks for, from 1. */
  startRound(round: number): void {
    this.#round = round;
  }

  /** What the newest result has to say; null for nothing. Called inside steps only. */
  due(): DueNote | null {
    const mark = this.#ports.context.noteMark;
    const all = this.#left();
    // A turn that has had its last response makes no further request, and needs no word about it.
    if (all.some(({ left, unit }) => left <= 0 && unit !== 'turns'))
      return { line: budgetUsedUp(mark), note: { type: 'usedUp' } };
    const due = all.find((one) => warningsDue(one) > (this.#warnings.get(one.unit) ?? 0));
    if (!due) return null;
    return { line: budgetWarning(mark, due), note: { type: 'warned', unit: due.unit, warnings: warningsDue(due) } };
  }

  /** Call with the note of each response's newest result, once the result is recorded. */
  noted(note: BudgetNote | null): void {
    if (note?.type === 'usedUp') this.#isUsedUp = true;
    else if (note?.type === 'warned') this.#warnings.set(note.unit, note.warnings);
  }

  #left(): BudgetLeft[] {
    const { budget } = this.#ports;
    if (budget === null) return [];
    const { tokens, minutes, turns, cost } = budget;
    const minutesLeft = (total: number) => (budget.expired.aborted ? 0 : total - budget.minutesGone());
    return [
      ...(tokens === null ? [] : [{ left: tokens - budget.tokensUsed(), total: tokens, unit: 'tokens' } as const]),
      ...(minutes === null ? [] : [{ left: minutesLeft(minutes), total: minutes, unit: 'minutes' } as const]),
      ...(cost === null ? [] : [{ left: cost - budget.costUsed(), total: cost, unit: 'dollars' } as const]),
      ...(turns === null ? [] : [{ left: turns - this.#round, total: turns, unit: 'turns' } as const]),
    ];
  }
}

export function warningsDue({ left, total }: Pick<BudgetLeft, 'left' | 'total'>): number {
  return WARNED_AT.filter((share) => left <= total * share).length;
}
