import { handlers, type ObjectContext, type ObjectSharedContext, object, TerminalError } from '@restatedev/restate-sdk';
import { Submission, TurnInput, type TurnOutcome } from '../protocol.ts';
import type { LimitObject } from './limit-object.ts';
import { LIMIT, RETRIES, SHORT, stageKey, THREAD, TURN, USER_HEADER } from './names.ts';
import { keepPictures, picturesOf, withPictures } from './pictures.ts';
import {
  type Arrival,
  arrived,
  type Change,
  granted,
  Refusal,
  restored,
  type StoredState,
  stageEnded,
  stopped,
  submitted,
  type ThreadState,
  type ThreadView,
  viewOf,
} from './thread-state.ts';
import type { TurnWorkflow } from './turn-workflow.ts';

/** The one key of a thread's state. */
const STATE = 'thread';

/** What a stage reports when it has ended. */
export interface StageReport {
  readonly turnId: string;
  readonly stage: number;
  readonly outcome: TurnOutcome;
}

/**
 * A thread: the order of its turns, what waits, and what arrives for the turn that runs. Its handlers are short: none of them
 * waits for a turn. What a handler may do is in thread-state.ts.
 */
export const threadObject = object({
  name: THREAD,
  handlers: {
    /** @returns the id of the turn, also for a submission that is known */
    async submit(ctx: ObjectContext, input: unknown): Promise<{ readonly turnId: string }> {
      const { data: submission } = Submission.safeParse(input);
      if (submission === undefined) throw refused('this is not a turn of keel');
      const state = (await ownState(ctx)) ?? newThread(submission, userOf(ctx));
      const op = withPictures(submission.op, await pictures(ctx, state, picturesOf(submission.op)));
      return attempted(() => {
        const change = submitted(state, { ...submission, op });
        carryOut(ctx, state, change);
        return { turnId: change.turnId };
      });
    },
    /** @returns the turn that the input is for, and its number there */
    async input(ctx: ObjectContext, given: unknown): Promise<Arrival> {
      const { data: sent } = TurnInput.shape.input.safeParse(given);
      if (sent === undefined) throw refused('this is not an answer, a message or an interrupt');
      const state = await knownState(ctx);
      const input = sent.type === 'steer' ? { ...sent, images: await pictures(ctx, state, sent.images ?? []) } : sent;
      return attempted(() => {
        const { turnId, at, ...change } = arrived(state, input);
        carryOut(ctx, state, change);
        return { turnId, at };
      });
    },
    /** Takes back what waits and interrupts what runs. */
    async stop(ctx: ObjectContext): Promise<void> {
      const state = await knownState(ctx);
      attempted(() => carryOut(ctx, state, stopped(state)));
    },
    granted: handlers.object.exclusive({ ingressPrivate: true }, async (ctx: ObjectContext): Promise<void> => {
      const state = await knownState(ctx);
      carryOut(ctx, state, granted(state));
    }),
    stageEnded: handlers.object.exclusive(
      { ingressPrivate: true },
      async (ctx: ObjectContext, { turnId, stage, outcome }: StageReport): Promise<void> => {
        const state = await knownState(ctx);
        carryOut(ctx, state, stageEnded(state, turnId, stage, outcome));
      },
    ),
    state: handlers.object.shared(async (ctx: ObjectSharedContext): Promise<ThreadView | null> => {
      const state = await ownState(ctx);
      return state === null ? null : viewOf(state);
    }),
  },
  // The record of a thread is its state and its rollout; nobody reads how its handlers got there.
  options: { journalRetention: SHORT, retryPolicy: RETRIES },
});
export type ThreadObject = typeof threadObject;

function newThread({ place, settings, limits }: Submission, owner: string): ThreadState {
  if (place === undefined) throw refused('this thread does not exist: say where it works');
  const setup = { place, settings: settings ?? { overrides: [] }, limits: limits ?? [] };
  return { owner, ...setup, isClaiming: false, count: 0, current: null, queue: [], ended: [] };
}

/** The engine keeps names of pictures, not the pictures. */
function pictures(ctx: ObjectContext, { place }: ThreadState, urls: readonly string[]): Promise<string[]> {
  return keepPictures(place.home, urls, (work, retries) => ctx.run('pictures', work, retries));
}

/** Null for a thread that does not exist. Another user's thread is refused as if it did not. */
async function ownState(ctx: ObjectSharedContext): Promise<ThreadState | null> {
  const stored = await ctx.get<StoredState>(STATE);
  const state = stored && restored(stored);
  if (state !== null && isOfIngress(ctx) && state.owner !== userOf(ctx)) throw unknownThread();
  return state;
}

async function knownState(ctx: ObjectSharedContext): Promise<ThreadState> {
  const state = await ownState(ctx);
  if (state === null) throw unknownThread();
  return state;
}

/** The user, as the front has named them; without a front there is one user, with an empty name. */
function userOf(ctx: ObjectSharedContext): string {
  return ctx.request().headers.get(USER_HEADER) ?? '';
}

/** The fleet's own calls act for no user. */
function isOfIngress(ctx: ObjectSharedContext): boolean {
  return !['granted', 'stageEnded'].includes(ctx.request().target.handler);
}

function carryOut(ctx: ObjectContext, before: ThreadState, { state, effects }: Change): void {
  const threadId = ctx.key;
  if (state !== before) ctx.set(STATE, state);
  for (const effect of effects) {
    switch (effect.type) {
      case 'start': {
        const { job } = effect;
        ctx
          .workflowSendClient<TurnWorkflow>({ name: TURN }, stageKey(threadId, job.turnId, job.stage))
          .run({ threadId, ...job });
        break;
      }
      case 'pass':
        ctx
          .workflowSendClient<TurnWorkflow>({ name: TURN }, stageKey(threadId, effect.turnId, effect.stage))
          .input(effect.input);
        break;
      case 'acquire': {
        const [first, ...rest] = sorted(effect.limits);
        if (first)
          ctx.objectSendClient<LimitObject>({ name: LIMIT }, first.name).acquire({ threadId, max: first.max, rest });
        break;
      }
      case 'giveBack':
        for (const { name } of effect.limits)
          ctx.objectSendClient<LimitObject>({ name: LIMIT }, name).giveBack({ threadId });
        break;
    }
  }
}

/** Threads take their limits in one order, so that no two wait for each other. */
function sorted<T extends { readonly name: string }>(limits: readonly T[]): T[] {
  return limits.toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

function attempted<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) throw refused(error.message);
    throw error;
  }
}

function refused(message: string): TerminalError {
  return new TerminalError(message, { errorCode: 409 });
}

function unknownThread(): TerminalError {
  return new TerminalError('there is no such thread', { errorCode: 404 });
}
