import { KeelError } from '../../foundation/protocol/index.ts';
import { SUBAGENT, type ThreadFacts } from './scan-thread.ts';

const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1_000;

/** A thread in a list. */
export interface ThreadSummary extends ThreadFacts {
  /** Absolute path of the rollout. */
  readonly path: string;
  readonly archived: boolean;
  readonly name: string | null;
}

export interface ThreadQuery {
  /** 1 to 1000; 25 by default. */
  readonly limit?: number;
  /** From the page before. It holds for the sort key it was made with. */
  readonly cursor?: string;
  readonly sortKey?: 'updatedAt' | 'createdAt';
  /** Default false: the newest come first. */
  readonly oldestFirst?: boolean;
  /** Exactly this directory, or any of these. */
  readonly cwd?: string | readonly string[];
  /** Any of these; none given means all. */
  readonly sources?: readonly string[];
  /** Leaves out threads that other threads started, such as a reviewer's. */
  readonly ofUser?: boolean;
  /** A thread that names no provider is of all. */
  readonly modelProviders?: readonly string[];
  /** Archived threads only, or, by default, only those that are not. */
  readonly archived?: boolean;
  /** Part of the name, of the directory or of what the user said, whatever the case of its letters. */
  readonly search?: string;
  /** Part of the name that the user gave it, whatever the case of its letters. */
  readonly name?: string;
}

export interface ThreadPage {
  /** By time and then id. */
  readonly threads: readonly ThreadSummary[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

interface Place {
  readonly time: number;
  readonly id: string;
}

/**
 * One page of the threads that a query asks for; `said` decides whether a user's message contains the search text.
 * Threads that are added between two pages move none: a page starts strictly behind the last thread of the one before.
 * @throws KeelError `invalidInput` for a cursor or a limit that is none
 */
export function pageOf(
  threads: Iterable<ThreadSummary>,
  query: ThreadQuery,
  said: (thread: ThreadSummary) => boolean,
): ThreadPage {
  const { limit = DEFAULT_LIMIT, sortKey = 'updatedAt', oldestFirst = false } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new KeelError('invalidInput', `a page has 1 to ${MAX_LIMIT} threads, not ${limit}`);
  }
  const after = query.cursor === undefined ? null : parseCursor(query.cursor);
  const placeOf = (thread: ThreadSummary): Place => ({ time: thread[sortKey], id: thread.id });
  const inOrder = oldestFirst ? (a: Place, b: Place) => newestFirst(b, a) : newestFirst;
  const wanted: ThreadSummary[] = [];
  for (const thread of threads) {
    const isBehind = after === null || inOrder(after, placeOf(thread)) < 0;
    if (isBehind && matches(thread, query, said)) wanted.push(thread);
  }
  wanted.sort((a, b) => inOrder(placeOf(a), placeOf(b)));
  const page = wanted.slice(0, limit);
  const last = page.at(-1);
  return { threads: page, nextCursor: last && wanted.length > limit ? cursorOf(placeOf(last)) : null };
}

function matches(thread: ThreadSummary, query: ThreadQuery, said: (thread: ThreadSummary) => boolean): boolean {
  const { cwd, sources, modelProviders, archived = false, search, name = '' } = query;
  if (!(thread.name ?? '').toLowerCase().includes(name.toLowerCase())) return false;
  if (thread.archived !== archived) return false;
  if (query.ofUser === true && isChild(thread)) return false;
  if (cwd !== undefined && ![cwd].flat().includes(thread.cwd)) return false;
  if (sources?.length && !sources.includes(thread.source)) return false;
  if (modelProviders?.length && thread.modelProvider !== null && !modelProviders.includes(thread.modelProvider)) {
    return false;
  }
  if (search === undefined || search === '') return true;
  const text = search.toLowerCase();
  return [thread.name ?? '', thread.cwd].some((place) => place.toLowerCase().includes(text)) || said(thread);
}

function isChild({ source, parentId }: ThreadSummary): boolean {
  return source === SUBAGENT || parentId !== null;
}

/** Newest first. Ids differ, so no two threads have one place. */
function newestFirst(a: Place, b: Place): number {
  if (a.time !== b.time) return b.time - a.time;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

function cursorOf({ time, id }: Place): string {
  return `${new Date(time).toISOString()}|${id}`;
}

function parseCursor(text: string): Place {
  const [stamp = '', id = '', ...rest] = text.split('|');
  const time = Date.parse(stamp);
  if (Number.isNaN(time) || id === '' || rest.length > 0) {
    throw new KeelError('invalidInput', `"${text}" isn't a cursor: use the one that the page before ended with`);
  }
  return { time, id: id.toLowerCase() };
}
