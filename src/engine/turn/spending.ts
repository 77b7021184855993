import { type BudgetLeft, budgetUsedUp, budgetWarning } from '../../context/index.ts';
import { commandOutput, type OutputItem } from '../../foundation/protocol/index.ts';
import type { TurnPorts } from './ports.ts';

/** Shares of a budget that are worth a word when no more is left, from the first to the last. */
const WARNED_AT = [0.25, 0.1];
const WARNING = /(tokens|minutes) left for this task\. Bring it/;

/**
 * What a turn has used of its budget. The lines about it stand in results, which are journaled; what the model was told is
 * read off these, so that a replayed turn goes the same way.
 */
export class Spending {
  readonly #ports: TurnPorts;
  /** How often it was warned of each. */
  readonly #warned = new Map<BudgetLeft['unit'], number>();
  #isUsedUp = false;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /** The model was told that nothing is left: it answers once more, and no call runs. */
  get isUsedUp(): boolean {
    return this.#isUsedUp;
  }

  /** What the newest result has to say; null for nothing. Called inside steps only. */
  line(): string | null {
    const mark = this.#ports.context.noteMark;
    const all = this.#left();
    if (all.some(({ left }) => left <= 0)) return budgetUsedUp(mark);
    const due = all.find((one) => thresholdsPassed(one) > (this.#warned.get(one.unit) ?? 0));
    return due ? budgetWarning(mark, due) : null;
  }

  /** Call with the outputs of every response, once they are recorded. */
  settled(outputs: readonly OutputItem[]): void {
    const last = lastLine(outputs.at(-1));
    const mark = this.#ports.context.noteMark;
    if (!last.startsWith(mark)) return;
    if (last === budgetUsedUp(mark)) this.#isUsedUp = true;
    const unit = WARNING.exec(last)?.[1];
    const warned = this.#left().find((one) => one.unit === unit);
    if (warned) this.#warned.set(warned.unit, Math.max(1, thresholdsPassed(warned)));
  }

  #left(): BudgetLeft[] {
    const { budget } = this.#ports;
    if (budget === null) return [];
    const { tokens, minutes } = budget;
    const minutesLeft = (total: number) => (budget.expired.aborted ? 0 : total - budget.minutesGone());
    return [
      ...(tokens === null ? [] : [{ left: tokens - budget.tokensUsed(), total: tokens, unit: 'tokens' } as const]),
      ...(minutes === null ? [] : [{ left: minutesLeft(minutes), total: minutes, unit: 'minutes' } as const]),
    ];
  }
}

function thresholdsPassed({ left, total }: BudgetLeft): number {
  return WARNED_AT.filter((share) => left <= total * share).length;
}

/** keel's own lines stand at the very end of a text; a command's result is JSON around it. */
function lastLine(output: OutputItem | undefined): string {
  const body = output?.output ?? '';
  const text = typeof body === 'string' ? body : body.map((part) => ('text' in part ? part.text : '')).join('\n');
  return commandOutput(text).trimEnd().split('\n').at(-1) ?? '';
}
