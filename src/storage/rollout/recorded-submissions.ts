import * as z from 'zod/mini';
import type { RolloutItem } from '../../foundation/protocol/index.ts';
import { readRollout } from './read.ts';

/** What became of the submissions of a thread, by its record. */
export interface RecordedSubmissions {
  /** Submissions whose input is in the conversation. */
  readonly taken: ReadonlySet<string>;
  /** Submissions that started a turn which has ended. */
  readonly ended: ReadonlySet<string>;
}

/** The value of an input step: the ids alone, or with what a hook dropped. */
const Taken = z.union([z.array(z.string()), z.object({ ids: z.array(z.string()) })]);

/**
 * Reads which submissions a thread has dealt with, for a program that may submit the same one twice, under the same id, because it
 * can't know whether the first one arrived.
 * @throws KeelError `rolloutCorrupt`
 */
export function recordedSubmissions(path: string): RecordedSubmissions {
  const taken = new Set<string>();
  const ended = new Set<string>();
  for (const line of readRollout(path).lines) {
    for (const id of takenBy(line)) taken.add(id);
    const id = endedBy(line);
    if (id !== null) ended.add(id);
  }
  return { taken, ended };
}

function takenBy(line: RolloutItem): readonly string[] {
  if (line.type !== 'step' || line.payload.kind !== 'input' || line.payload.state !== 'end') return [];
  const { data } = Taken.safeParse(line.payload.value);
  if (data === undefined) return [];
  return Array.isArray(data) ? data : data.ids;
}

function endedBy(line: RolloutItem): string | null {
  if (line.type !== 'event_msg') return null;
  const { type, turn_id: id } = line.payload;
  return (type === 'task_complete' || type === 'turn_aborted') && typeof id === 'string' ? id : null;
}
