import type { ResponseItem, StepRecord } from '../../foundation/protocol/index.ts';

/** A line of a turn's journal: a step begins or ends, or an item was recorded in the step that is named. */
export type JournalLine =
  | { readonly type: 'step'; readonly record: StepRecord }
  | { readonly type: 'item'; readonly stepId: string; readonly item: ResponseItem };

/** Where a runner writes. The recorder of the thread implements it; after the turn has ended it takes nothing any more. */
export interface Journal {
  /** All lines are written or, if keel dies meanwhile, none. */
  append(...lines: readonly JournalLine[]): void;
}

/** What an earlier process left of a step. */
export interface RecordedStep {
  readonly id: string;
  /** Null if the line with its beginning is damaged. */
  kind: StepRecord['kind'] | null;
  readonly items: ResponseItem[];
  /** What it asked for when it began last; undefined if that was not kept. */
  asks: unknown;
  /** The `end` line's payload; null if the process died before it. */
  end: StepRecord | null;
}

/** Gathers the lines of one turn by step, in the order in which the steps began. */
export function recordedSteps(lines: readonly JournalLine[]): Map<string, RecordedStep> {
  const steps = new Map<string, RecordedStep>();
  for (const line of lines) {
    const id = line.type === 'step' ? line.record.id : line.stepId;
    const step: RecordedStep = steps.get(id) ?? { id, kind: null, items: [], asks: undefined, end: null };
    steps.set(id, step);
    if (line.type === 'item') step.items.push(line.item);
    else note(step, line.record);
  }
  return steps;
}

function note(step: RecordedStep, record: StepRecord): void {
  step.kind = record.kind;
  // One that begins again is done anew: what the go before it recorded counts no more.
  if (record.state === 'end') {
    step.end = record;
    return;
  }
  step.items.length = 0;
  step.asks = record.asks;
}
