import type { ThreadOrigin } from '../../../engine/threads/index.ts';
import type { State } from '../state.ts';
import { type Step, step } from './step.ts';

/** Closes the thread on the screen and opens another one with the same settings; what is queued and written stays. */
export function opening(state: State, origin: ThreadOrigin): Step {
  const settings = state.thread?.settings ?? null;
  // What was sent and not taken in would be lost with its thread.
  const outbox = state.outbox.map((message) => ({ ...message, status: 'queued' as const }));
  const isQueuePaused = outbox.length > 0;
  const next: State = {
    ...state,
    thread: null,
    opening: { settings },
    screen: null,
    outbox,
    isQueuePaused,
    turn: null,
  };
  return step(next, { type: 'openThread', origin, settings });
}
