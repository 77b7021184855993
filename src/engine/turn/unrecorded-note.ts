import { budgetUsedUp } from '../../context/index.ts';
import { commandOutput, type OutputItem } from '../../foundation/protocol/index.ts';
import { warningsDue } from './budget-tracker.ts';
import type { BudgetNote } from './call-value.ts';

const WARNING = /([\d.e+]+) of ([\d.e+]+) (tokens|minutes) left for this task\. Bring it/;

/** What an output says of the budget, read from its words: records of earlier versions have no note beside it. */
export function unrecordedNote(output: OutputItem, mark: string): BudgetNote | null {
  const last = lastLine(output);
  if (!last.startsWith(mark)) return null;
  if (last === budgetUsedUp(mark)) return { type: 'usedUp' };
  const [, left, total, unit] = WARNING.exec(last) ?? [];
  if (unit !== 'tokens' && unit !== 'minutes') return null;
  return { type: 'warned', unit, warnings: Math.max(1, warningsDue({ left: Number(left), total: Number(total) })) };
}

/** The line that keel added is the last one of the text. */
function lastLine({ output }: OutputItem): string {
  const text = typeof output === 'string' ? output : output.map((part) => ('text' in part ? part.text : '')).join('\n');
  return commandOutput(text).trimEnd().split('\n').at(-1) ?? '';
}
