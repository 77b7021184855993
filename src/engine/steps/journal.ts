import type { ResponseItem, StepRecord } from '../../foundation/protocol/index.ts';

/** A line of a turn's journal: a step begins or ends, or an item was recorded in the step that is named. */
export type JournalLine =
  | { readonly type: 'step'; readonly record: StepRecord }
  | { readonly type: 'item'; readonly stepId: string; readonly item: ResponseItem };

/** Where a runner writes. The recorder of the thread implements it and ignores lines of a turn that has ended. */
export interface Journal {
  /** Writes all lines or, if keel dies meanwhile, none. */
  append(...lines: readonly JournalLine[]): void;
}

/** What an earlier process journaled of a step. */
export interface RecordedStep {
  readonly id: string;
  /** Null if the step's `begin` line is damaged. */
  kind: StepRecord['kind'] | null;
  readonly items: ResponseItem[];
  /** What the step asked for when it last began; undefined if that was not kept. */
  asks: unknown;
  /** The `end` line's payload; null if the process died before it. */
  end: StepRecord | null;
}

/** Groups the lines of one turn by step, in the order in which the steps began. */
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
  if (record.state === 'end') {
    step.end = record;
    return;
  }
  // A second `begin` line starts the step over: items of the attempt before it no longer count.
  step.items.length = 0;
  step.asks = record.asks;
}
