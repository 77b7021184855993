import { type ObjectContext, object } from '@restatedev/restate-sdk';
import type { Limit } from '../protocol.ts';
import { LIMIT, RETRIES, SHORT, THREAD } from './names.ts';
import type { ThreadObject } from './thread-object.ts';

export interface Claim {
  readonly threadId: string;
  /** The limit as the thread knows it; the newest claim's counts. */
  readonly max: number;
  /** What the thread has to acquire after this one. */
  readonly rest: readonly Limit[];
}

export interface LimitState {
  readonly max: number;
  /** Threads whose turn runs under the limit. */
  readonly running: readonly string[];
  /** Oldest first. */
  readonly waiting: readonly Claim[];
}

const STATE = 'limit';
const EMPTY: LimitState = { max: 1, running: [], waiting: [] };

export interface Admission {
  readonly state: LimitState;
  readonly admitted: readonly Claim[];
}

export function claimed({ running, waiting }: LimitState, claim: Claim): Admission {
  const others = waiting.filter(({ threadId }) => threadId !== claim.threadId);
  return admit({ max: claim.max, running, waiting: [...others, claim] });
}

export function givenBack(state: LimitState, threadId: string): Admission {
  return admit({
    ...state,
    running: state.running.filter((id) => id !== threadId),
    waiting: state.waiting.filter((claim) => claim.threadId !== threadId),
  });
}

function admit({ max, running, waiting }: LimitState): Admission {
  const free = Math.max(0, max - running.length);
  const admitted = waiting.slice(0, free);
  const now = [...running, ...admitted.map(({ threadId }) => threadId)];
  return { state: { max, running: now, waiting: waiting.slice(free) }, admitted };
}

/** At most `max` turns at once, of all threads that name it: first come, first served. */
export const limitObject = object({
  name: LIMIT,
  handlers: {
    async acquire(ctx: ObjectContext, claim: Claim): Promise<void> {
      admitTo(ctx, claimed((await ctx.get<LimitState>(STATE)) ?? EMPTY, claim));
    },
    async giveBack(ctx: ObjectContext, { threadId }: Pick<Claim, 'threadId'>): Promise<void> {
      admitTo(ctx, givenBack((await ctx.get<LimitState>(STATE)) ?? EMPTY, threadId));
    },
  },
  options: { ingressPrivate: true, journalRetention: SHORT, retryPolicy: RETRIES },
});
export type LimitObject = typeof limitObject;

function admitTo(ctx: ObjectContext, { state, admitted }: Admission): void {
  ctx.set(STATE, state);
  for (const { threadId, rest } of admitted) {
    const [next, ...others] = rest;
    if (next) {
      ctx.objectSendClient<LimitObject>({ name: LIMIT }, next.name).acquire({ threadId, max: next.max, rest: others });
    } else ctx.objectSendClient<ThreadObject>({ name: THREAD }, threadId).granted();
  }
}
