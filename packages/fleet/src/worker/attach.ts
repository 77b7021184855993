import { setTimeout as delay } from 'node:timers/promises';
import { Patience } from 'keel/session';
import * as z from 'zod/mini';
import type { TurnInput, TurnJob } from '../protocol.ts';
import { LIFE_HEADER, lifeIn } from './worker-life.ts';

/**
 * How long an owner has to answer before it counts as gone, ms. It answers at once whether or not the turn has ended. Most of the three
 * seconds that a takeover may take: an owner that is only slow would lose the outcome of its command.
 */
const PATIENCE_MS = 1_500;
const LOOK_MS = 150;
/** Answers of what is between workers: nobody was there to ask. */
const GATEWAY_STATUSES: readonly number[] = [502, 503, 504];

/** What a worker says of a turn that it is asked about, or given an input for. */
export const OwnerAnswer = z.discriminatedUnion('type', [
  /** It runs here, and has the input. */
  z.object({ type: z.literal('running') }),
  /** It has no such turn: that has ended, or moved, or its session is closing. The record says which. */
  z.object({ type: z.literal('gone') }),
]);
export type OwnerAnswer = z.infer<typeof OwnerAnswer>;

/**
 * How a wait for another worker's turn ended. `silent`: that worker is dead, frozen, or cut off from here; whoever answers in its place
 * is another one, or no worker. `refused`: it lives and does not speak of turns to this worker, since it has another secret.
 */
export type AttachEnd =
  | Exclude<OwnerAnswer, { type: 'running' }>
  | { readonly type: 'silent' }
  | { readonly type: 'refused'; readonly why: string };

export interface OwnedTurn {
  readonly job: Pick<TurnJob, 'threadId' | 'turnId'>;
  /** Where the owner serves its turns. */
  readonly address: string;
  /** The workers' shared secret. */
  readonly secret: string;
}

/**
 * Waits for a turn that another worker runs, as long as that one lives, and hands it the inputs that arrive here, in their order and
 * each until it is taken: the owner passes over what it has by its number.
 * @param inputs read again each time: it grows
 */
export async function attach(turn: OwnedTurn, inputs: readonly TurnInput[], signal: AbortSignal): Promise<AttachEnd> {
  for (let passed = 0; ; ) {
    const input = inputs[passed];
    let answer = await askOwner(turn, input, signal);
    // A connection may break for other reasons than the death of its server; whoever is dead breaks the next one at once.
    if (answer.type === 'broken') answer = await askOwner(turn, input, signal);
    if (answer.type === 'broken') return { type: 'silent' };
    if (answer.type !== 'running') return answer;
    if (input === undefined) await delay(LOOK_MS, undefined, { signal });
    else passed += 1;
  }
}

async function askOwner(
  { job, address, secret }: OwnedTurn,
  input: TurnInput | undefined,
  signal: AbortSignal,
): Promise<AttachEnd | OwnerAnswer | { readonly type: 'broken' }> {
  const url = new URL(`/turns/${job.threadId}/${job.turnId}`, address);
  using patience = new Patience(PATIENCE_MS);
  const late = patience.signal;
  try {
    const response = await fetch(url, {
      ...(input === undefined ? {} : { method: 'POST', body: JSON.stringify(input) }),
      headers: { authorization: `Bearer ${secret}` },
      signal: AbortSignal.any([signal, late]),
      redirect: 'manual',
    });
    const text = await response.text();
    return answerOf(response, text, address);
  } catch {
    signal.throwIfAborted();
    return { type: late.aborted ? 'silent' : 'broken' };
  }
}

function answerOf({ status, ok, headers }: Response, text: string, address: string): AttachEnd | OwnerAnswer {
  if (GATEWAY_STATUSES.includes(status)) return { type: 'silent' };
  const [life, owner] = [headers.get(LIFE_HEADER), lifeIn(address)];
  if (life !== owner) return { type: 'silent' };
  const answer = ok ? OwnerAnswer.safeParse(parsed(text)).data : undefined;
  if (answer !== undefined) return answer;
  // A worker of an earlier version names itself neither in a lease nor in an answer: it is known by what it says.
  if (life === null) return { type: 'silent' };
  return { type: 'refused', why: `the worker at ${address} has this thread and refuses to speak of it: ${status}` };
}

/** Null for what is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
