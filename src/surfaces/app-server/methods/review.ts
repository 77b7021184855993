import * as z from 'zod';
import type { ReviewTarget } from '../../../foundation/protocol/index.ts';
import { wireTurn } from '../notifications/wire-turn.ts';
import { type Methods, orderedMethod } from './method.ts';
import { forkThread, type ThreadMethodsContext } from './threads.ts';

const Target = z.discriminatedUnion('type', [
  z.object({ type: z.literal('uncommittedChanges') }),
  z.object({ type: z.literal('baseBranch'), branch: z.string() }),
  z.object({ type: z.literal('commit'), sha: z.string(), title: z.string().nullish() }),
  z.object({ type: z.literal('custom'), instructions: z.string() }),
]);
const Review = z.object({
  threadId: z.string(),
  target: Target,
  /** In the thread, or in a fork of it. */
  delivery: z.enum(['inline', 'detached']).nullish(),
});

export function reviewMethods(context: ThreadMethodsContext): Methods {
  return {
    'review/start': orderedMethod(Review, async ({ threadId, target, delivery }, client) => {
      const asked = context.threads.require(threadId);
      const thread = delivery === 'detached' ? await forkThread(context, { threadId }) : asked;
      if (thread !== asked) {
        thread.subscribe(client);
        context.broadcast('thread/started', { thread: thread.wire() });
      }
      const turn = await thread.startTurn({ type: 'review', target: targetOf(target) });
      return { turn: wireTurn({ ...turn, items: [] }, 'notLoaded'), reviewThreadId: thread.id };
    }),
  };
}

function targetOf(target: z.infer<typeof Target>): ReviewTarget {
  return target.type === 'commit' ? { ...target, title: target.title ?? null } : target;
}
