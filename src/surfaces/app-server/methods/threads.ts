import * as z from 'zod';
import { rollBack } from '../../../engine/threads/index.ts';
import { threadIdOf } from '../../../storage/rollout/index.ts';
import { type AskedKinds, askedKinds } from '../notifications/wire-policy.ts';
import { wireSession } from '../notifications/wire-thread.ts';
import type { SharedThread } from '../threads/shared-thread.ts';
import type { SharedThreads } from '../threads/shared-threads.ts';
import { ThreadSettings, threadConfig } from '../threads/thread-settings.ts';
import { type Client, ErrorCode, MethodError, type Methods, method, orderedMethod } from './method.ts';
import type { ServerContext } from './server-settings.ts';
import { historyCursors, messagesUpTo, requireId, userTurnsFrom } from './thread-history.ts';

export interface ThreadMethodsContext {
  readonly threads: SharedThreads;
  readonly settings: ServerContext;
  /** Sends to all clients. */
  readonly broadcast: (method: string, params: object) => void;
}

const OneThread = z.object({ threadId: z.string() });
const Start = ThreadSettings.extend({ ephemeral: z.boolean().nullish() });
const Resume = ThreadSettings.extend({
  threadId: z.string(),
  /** Of its rollout, in keel's home; in place of the id. */
  path: z.string().nullish(),
  excludeTurns: z.boolean().nullish(),
});
const Fork = Resume.extend({ ephemeral: z.boolean().nullish(), lastTurnId: z.string().nullish() });
type Fork = z.infer<typeof Fork>;
const Revert = z.object({ threadId: z.string(), beforeTurnId: z.string() });
const Shell = z.object({ threadId: z.string(), command: z.string().min(1) });

/** Methods that open threads, change them and close them. */
export function threadMethods(context: ThreadMethodsContext): Methods {
  const { threads, settings } = context;
  return {
    'thread/start': orderedMethod(Start, async (params, client) => {
      const config = await threadConfig(settings, params);
      const thread = await threads.open({
        config,
        origin: { type: 'new' },
        ephemeral: params.ephemeral ?? false,
        kinds: kindsIn(params),
      });
      return announced(context, thread, client, true);
    }),
    'thread/resume': orderedMethod(Resume, async (params, client) => {
      const thread = await threads.resume(
        idOf(params),
        // A fleet's thread has the settings that it was started with.
        (recorded) => threadConfig(settings, recorded === null ? {} : params, recorded?.cwd),
        kindsIn(params),
      );
      thread.subscribe(client);
      return { ...sessionOf(thread, params.excludeTurns !== true), ...historyCursors(thread.view.turns) };
    }),
    'thread/fork': orderedMethod(Fork, async (params, client) => {
      const thread = await forkThread(context, params);
      return announced(context, thread, client, params.excludeTurns !== true);
    }),
    'thread/unsubscribe': method(OneThread, async ({ threadId }, client) => {
      const thread = threads.find(threadId);
      if (thread === null) return { status: 'notLoaded' };
      return { status: thread.unsubscribe(client) ? 'unsubscribed' : 'notSubscribed' };
    }),
    'thread/revert': orderedMethod(Revert, async ({ threadId, beforeTurnId }) => {
      const thread = threads.require(threadId);
      await rollBack(thread.session, userTurnsFrom(thread.view.turns, beforeTurnId));
      return { thread: thread.wire(), ...historyCursors(thread.view.turns) };
    }),
    'thread/compact/start': orderedMethod(OneThread, async ({ threadId }) => {
      threads.require(threadId).session.submit({ type: 'compact' });
      return {};
    }),
    'thread/shellCommand': orderedMethod(Shell, async ({ threadId, command }) => {
      threads.require(threadId).session.submit({ type: 'userShell', command });
      return {};
    }),
    'thread/backgroundTerminals/clean': method(OneThread, async ({ threadId }) => {
      await threads.require(threadId).session.endCommands();
      return {};
    }),
  };
}

/** A new thread that starts as a copy of another. @throws MethodError, KeelError */
export async function forkThread({ threads, settings }: ThreadMethodsContext, params: Fork): Promise<SharedThread> {
  const id = idOf(params);
  const recorded = await threads.requireRecorded(id);
  const config = await threadConfig(settings, params, recorded.cwd);
  const userMessages = params.lastTurnId ? messagesUpTo(threads.turnsOf(id), params.lastTurnId) : null;
  return await threads.open({
    config,
    origin: { type: 'fork', id, userMessages },
    ephemeral: params.ephemeral ?? false,
    kinds: kindsIn(params),
    recorded,
  });
}

/** A new thread's answer. Its client follows it, and all hear of it. */
function announced({ broadcast }: ThreadMethodsContext, thread: SharedThread, client: Client, turns: boolean): object {
  thread.subscribe(client);
  broadcast('thread/started', { thread: thread.wire() });
  return sessionOf(thread, turns);
}

function sessionOf(thread: SharedThread, turns: boolean): object {
  return wireSession(thread.wire({ turns }), thread.settings, thread);
}

function kindsIn({ approvalPolicy }: ThreadSettings): AskedKinds | null {
  return approvalPolicy ? askedKinds(approvalPolicy) : null;
}

/** @throws MethodError */
function idOf({ threadId, path }: Pick<z.infer<typeof Resume>, 'threadId' | 'path'>): string {
  if (!path) return requireId(threadId);
  const id = threadIdOf(path);
  if (id !== null) return id;
  throw new MethodError(ErrorCode.invalidRequest, `no rollout found at ${path.slice(0, 1_000)}`);
}
