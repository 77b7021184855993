import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { TurnInput, TurnJob } from '../protocol.ts';

/** How long an owner has to answer before it counts as gone, ms. It answers at once whether or not the turn has ended. */
const ANSWER_MS = 1_000;
const LOOK_MS = 150;

/** What a worker says of a turn that it is asked about. */
export const OwnerAnswer = z.discriminatedUnion('type', [
  z.object({ type: z.literal('running') }),
  /** It has no such turn: that has ended, or moved, or its session is closing. The record says which. */
  z.object({ type: z.literal('gone') }),
]);
export type OwnerAnswer = z.infer<typeof OwnerAnswer>;

/** How a wait for another worker's turn ended. `silent`: that worker is dead, frozen, or cut off from here. */
export type AttachEnd = Exclude<OwnerAnswer, { type: 'running' }> | { readonly type: 'silent' };

export interface OwnedTurn {
  readonly job: TurnJob;
  /** Where the owner serves its turns. */
  readonly address: string;
  /** The workers' shared secret. */
  readonly secret: string;
}

/** Waits for a turn that another worker runs, as long as that one lives. */
export async function attach(turn: OwnedTurn, signal: AbortSignal): Promise<AttachEnd> {
  for (;;) {
    const answer = await askOwner(turn, signal);
    if (answer.type !== 'running') return answer;
    await delay(LOOK_MS, undefined, { signal });
  }
}

async function askOwner(turn: OwnedTurn, signal: AbortSignal): Promise<AttachEnd | { readonly type: 'running' }> {
  const answer = await request(turn, { method: 'GET' }, signal);
  return OwnerAnswer.safeParse(answer).data ?? { type: 'silent' };
}

/** Hands an input on to the worker that has the turn. That it could not be reached is seen by whoever waits for the turn. */
export async function passInput(turn: OwnedTurn, input: TurnInput, signal: AbortSignal): Promise<void> {
  await request(turn, { method: 'POST', body: JSON.stringify(input) }, signal);
}

async function request({ job, address, secret }: OwnedTurn, init: RequestInit, signal: AbortSignal): Promise<unknown> {
  const url = new URL(`/turns/${job.threadId}/${job.turnId}`, address);
  try {
    const response = await fetch(url, {
      ...init,
      headers: { authorization: `Bearer ${secret}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    return response.ok ? await response.json() : null;
  } catch {
    signal.throwIfAborted();
    // Refused, reset or not answered in time: all of it means that nobody is there.
    return null;
  }
}
