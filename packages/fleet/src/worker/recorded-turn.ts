import {
  findRollout,
  KeelError,
  type RecordedSubmissions,
  recordedSubmissions,
  recordedTurns,
  type Turn,
} from 'keel/session';
import { steerId, type TurnJob, type TurnOutcome } from '../protocol.ts';
import { cutText, MESSAGE_BYTES } from './cut-text.ts';

/** The path of a thread's rollout; null: the thread is not recorded yet. */
export function rolloutOf({ place, threadId }: Pick<TurnJob, 'place' | 'threadId'>): string | null {
  try {
    return findRollout(place.home, { type: 'id', id: threadId });
  } catch (error) {
    if (error instanceof KeelError && error.kind === 'threadNotFound') return null;
    throw error;
  }
}

/** The numbers of the steering inputs that have reached the conversation. */
export function takenSteers({ turnId, inputs }: TurnJob, { taken, ended }: RecordedSubmissions): number[] {
  return inputs.flatMap(({ at, input }) => {
    const id = steerId(turnId, at);
    return input.type === 'steer' && (taken.has(id) || ended.has(id)) ? [at] : [];
  });
}

/** The same for a turn that could not be opened; a record that can't be read says of none that it was taken. */
export function recordedSteers(job: TurnJob): number[] {
  if (!job.inputs.some(({ input }) => input.type === 'steer')) return [];
  try {
    const path = rolloutOf(job);
    return path === null ? [] : takenSteers(job, recordedSubmissions(path));
  } catch (error) {
    if (error instanceof KeelError) return [];
    throw error;
  }
}

/**
 * How a turn ended that has ended before: the engine lost the result, or submits it again. Null: it has not.
 * @throws KeelError `rolloutCorrupt`
 */
export function recordedOutcome(job: TurnJob, path: string): TurnOutcome | null {
  const recorded = recordedSubmissions(path);
  if (!recorded.ended.has(job.turnId)) return null;
  const turns = recordedTurns(path);
  const own = turns.findLast(({ id }) => id === job.turnId);
  const last = turns.at(-1);
  // A steering input that came too late has started a turn of its own, which is to be continued.
  if (own === undefined || (last !== own && last !== undefined && !recorded.ended.has(last.id))) return null;
  return {
    type: 'ended',
    status: own.status === 'inProgress' ? 'interrupted' : own.status,
    message: own.status === 'completed' ? cutText(lastMessage(own), MESSAGE_BYTES) : null,
    error: own.error === null ? null : cutText(own.error.message, MESSAGE_BYTES),
    tokens: null,
    taken: takenSteers(job, recorded),
  };
}

function lastMessage({ items }: Turn): string | null {
  return items.findLast((item) => item.type === 'agentMessage')?.text ?? null;
}
