import type { ThreadOrigin } from '../../../engine/threads/index.ts';
import type { State } from '../state.ts';
import { type Step, step } from './step.ts';

/**
 * Closes the thread on the screen and opens another one; what is queued and written stays. A new thread, a copy of this one
 * and this one itself have its settings, any other one its own.
 */
export function opening(state: State, origin: ThreadOrigin): Step {
  const { thread } = state;
  const isOfThis = origin.type === 'new' || ('id' in origin && origin.id === thread?.id);
  const settings = isOfThis ? (thread?.settings ?? null) : null;
  // What was sent and not taken in would be lost with its thread.
  const outbox = state.outbox.map((message) => ({ ...message, status: 'queued' as const }));
  const isQueuePaused = outbox.length > 0;
  const next: State = {
    ...state,
    thread: null,
    opening: { settings, changes: [], shown: thread?.id ?? null },
    screen: null,
    outbox,
    isQueuePaused,
    turn: null,
  };
  return step(next, { type: 'openThread', origin, settings });
}
