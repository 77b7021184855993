import { existsSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import { KeelError, type SessionMeta } from '../protocol/index.ts';
import { parseRolloutName, sessionsDir } from './paths.ts';
import { readHead } from './read-head.ts';
import { rolloutsNewestFirst } from './rollout-files.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

type ThreadSelector =
  /** A thread's id, or the path of its rollout. */
  | { readonly type: 'id'; readonly id: string }
  /** The newest thread of a provider in which a user has said something, no helper's; with `cwd` of those begun there. */
  | LastThread;

interface LastThread {
  readonly type: 'last';
  readonly providerId: string;
  readonly cwd?: string;
}

/**
 * Finds a thread's rollout.
 * @throws KeelError `threadNotFound`; nothing is started in its place
 */
export function findRollout(home: string, selector: ThreadSelector): string {
  const path = selector.type === 'id' ? findById(home, selector.id) : findLast(home, selector);
  if (path !== null) return path;
  const what =
    selector.type === 'id' ? `with the id ${selector.id}` : `recorded for the provider ${selector.providerId}`;
  throw new KeelError('threadNotFound', `there is no thread ${what} in ${sessionsDir(home)}`);
}

function findById(home: string, id: string): string | null {
  if (id.endsWith('.jsonl') && isAbsolute(id)) return existsSync(id) ? id : null;
  if (!UUID.test(id)) return null;
  const wanted = id.toLowerCase();
  for (const path of rolloutsNewestFirst(home)) {
    if (parseRolloutName(basename(path))?.threadId === wanted) return path;
  }
  return null;
}

function findLast(home: string, { providerId, cwd }: LastThread): string | null {
  for (const path of rolloutsNewestFirst(home, { archived: false })) {
    const head = readHead(path);
    if (!head?.hasUserMessage || isOfAnother(head.meta)) continue;
    const isOfProvider = (head.meta.model_provider ?? providerId) === providerId;
    if (isOfProvider && (cwd === undefined || head.meta.cwd === cwd)) return path;
  }
  return null;
}

/** Whether another thread began this one for itself: a reviewer, a helper. */
function isOfAnother({ source, parent_thread_id: parent }: SessionMeta): boolean {
  return (typeof source === 'object' && source !== null) || typeof parent === 'string';
}
