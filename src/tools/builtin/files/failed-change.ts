import type { FileUpdate } from '../../../foundation/protocol/index.ts';
import { failedOutput, type ToolContext, type ToolOutput } from '../../contract/index.ts';

export interface FailedChange {
  readonly callId: string;
  /** What was asked for, as far as it is known. */
  readonly changes: FileUpdate[];
  /** Why it was not made, for people. */
  readonly reason: string;
  /** The answer to the model. */
  readonly answer: string;
}

/** Reports a change that failed before anything was written: it can't be read, or does not fit the files. */
export function failedChange(
  { callId, changes, reason, answer }: FailedChange,
  { events }: Pick<ToolContext, 'events'>,
): ToolOutput {
  const item = { type: 'fileChange' as const, id: callId, changes };
  events.itemStarted({ ...item, status: 'inProgress' });
  events.itemCompleted({ ...item, status: 'failed', reason });
  return failedOutput(answer, 'misfit');
}
