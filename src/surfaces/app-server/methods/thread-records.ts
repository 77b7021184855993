import * as z from 'zod';
import type { ThreadQuery, ThreadSummary } from '../../../engine/threads/index.ts';
import { recordedCard, wireThread } from '../notifications/wire-thread.ts';
import type { SharedThreads } from '../threads/shared-threads.ts';
import { type Methods, method } from './method.ts';
import { pageOf, pageParams } from './page.ts';
import { requireId } from './thread-history.ts';

const OneThread = z.object({ threadId: z.string() });
const List = z.object({
  cursor: z.string().nullish(),
  limit: z.int().nullish(),
  sortKey: z.enum(['created_at', 'updated_at', 'recency_at', 'section_position']).nullish(),
  sortDirection: z.enum(['asc', 'desc']).nullish(),
  modelProviders: z.array(z.string()).nullish(),
  sourceKinds: z.array(z.string()).nullish(),
  archived: z.boolean().nullish(),
  cwd: z.union([z.string(), z.array(z.string())]).nullish(),
  searchTerm: z.string().nullish(),
});
const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;
/** Threads that a person started. */
const INTERACTIVE = ['cli', 'vscode', 'appServer'];

/** Methods on threads as they are recorded, whether they are open or not. */
export function recordMethods({ threads, broadcast }: RecordMethodsContext): Methods {
  const { recorded } = threads;
  return {
    'thread/list': method(List, async (params) => {
      const page = await recorded.list(queryOf(params));
      const data = page.threads.map((thread) => shown(threads, thread));
      return { data, nextCursor: page.nextCursor, backwardsCursor: null };
    }),
    'thread/loaded/list': method(z.object(pageParams), async (page) => pageOf(threads.ids, page)),
    'thread/read': method(OneThread.extend({ includeTurns: z.boolean().nullish() }), async (params) => {
      const id = requireId(params.threadId);
      const includeTurns = params.includeTurns ?? false;
      const live = threads.find(id);
      if (live !== null) return { thread: live.wire({ turns: includeTurns }) };
      const card = recordedCard(await threads.requireRecorded(id));
      return { thread: wireThread(card, { type: 'notLoaded' }, includeTurns ? threads.turnsOf(id) : []) };
    }),
    'thread/archive': method(OneThread, async ({ threadId }) => {
      const id = requireId(threadId);
      await threads.close(id);
      recorded.archive(id);
      broadcast('thread/archived', { threadId: id });
      return {};
    }),
    'thread/unarchive': method(OneThread, async ({ threadId }) => {
      const id = requireId(threadId);
      recorded.unarchive(id);
      broadcast('thread/unarchived', { threadId: id });
      return { thread: shown(threads, await threads.requireRecorded(id)) };
    }),
    'thread/name/set': method(OneThread.extend({ name: z.string() }), async ({ threadId, name }) => {
      const id = requireId(threadId);
      const live = threads.find(id);
      if (live === null) await threads.requireRecorded(id);
      recorded.rename(id, name);
      const threadName = (await recorded.nameOf(id)) ?? (name.trim() || null);
      if (live !== null) live.name = threadName;
      broadcast('thread/name/updated', { threadId: id, threadName });
      return {};
    }),
  };
}

export interface RecordMethodsContext {
  readonly threads: SharedThreads;
  /** Sends to all clients. */
  readonly broadcast: (method: string, params: object) => void;
}

function shown(threads: SharedThreads, thread: ThreadSummary): object {
  return threads.find(thread.id)?.wire() ?? wireThread(recordedCard(thread), { type: 'notLoaded' });
}

/** The protocol's sections of threads are not kept here: such an order is that of the newest. */
function queryOf(params: z.infer<typeof List>): ThreadQuery {
  const { cursor, limit, sortKey, sortDirection, modelProviders, sourceKinds, archived, cwd, searchTerm } = params;
  const sources = sourcesOf(sourceKinds ?? []);
  return {
    limit: clamp(limit ?? DEFAULT_LIMIT, MAX_LIMIT),
    sortKey: sortKey === 'created_at' || !sortKey ? 'createdAt' : 'updatedAt',
    oldestFirst: sortDirection === 'asc',
    sources,
    archived: archived ?? false,
    ofUser: !sources.includes('subagent'),
    ...(cursor ? { cursor } : {}),
    ...(modelProviders ? { modelProviders } : {}),
    ...(cwd && cwd.length > 0 ? { cwd } : {}),
    ...(searchTerm ? { search: searchTerm } : {}),
  };
}

/** Kinds of the protocol as the sources that keel records. To clients of this server, its threads are those of an editor. */
function sourcesOf(kinds: readonly string[]): readonly string[] {
  if (kinds.length === 0) return INTERACTIVE;
  return kinds.flatMap((kind) => {
    if (kind === 'vscode') return ['vscode', 'appServer'];
    if (kind === 'unknown') return ['unknown', 'mcp', 'sdk'];
    return kind.startsWith('subAgent') ? ['subagent'] : [kind];
  });
}

function clamp(limit: number, max: number): number {
  return Math.min(Math.max(limit, 1), max);
}
