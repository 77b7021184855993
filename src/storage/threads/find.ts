import { existsSync, realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { KeelError, type SessionMeta } from '../../foundation/protocol/index.ts';
import { sessionsDir, threadIdOf } from '../rollout/index.ts';
import { readHead } from './read-head.ts';
import { rolloutsNewestFirst } from './rollout-files.ts';
import { ThreadNames } from './thread-names.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

type ThreadSelector =
  /** A thread's id, the path of its rollout, or the name that it was given. */
  | { readonly type: 'id'; readonly id: string }
  /** The newest thread of a provider with a user's message, except subagents'; with `cwd`, of those started there. */
  | LastThread;

interface LastThread {
  readonly type: 'last';
  readonly providerId: string;
  readonly cwd?: string;
}

/**
 * Finds a thread's rollout.
 * @throws KeelError `threadNotFound`; `invalidInput` for a name that several threads have. Nothing is started in its place
 */
export function findRollout(home: string, selector: ThreadSelector): string {
  const path = selector.type === 'id' ? findById(home, selector.id) : findLast(home, selector);
  if (path !== null) return path;
  const message =
    selector.type === 'id'
      ? `there is no thread with the id or name ${selector.id} in ${sessionsDir(home)}`
      : missingLast(home, selector);
  throw new KeelError('threadNotFound', message);
}

/** Most users who miss their last thread are in another directory than the one they started it in. */
function missingLast(home: string, { providerId, cwd }: LastThread): string {
  const elsewhere = cwd === undefined ? null : findLast(home, { type: 'last', providerId });
  const meta = elsewhere === null ? undefined : readHead(elsewhere)?.meta;
  if (meta === undefined) return `there is no thread recorded for the provider ${providerId} in ${sessionsDir(home)}`;
  return `no thread was started in ${cwd}; the newest one elsewhere is ${meta.id} in ${meta.cwd}: name it, or use --all`;
}

/** Whether there is a thread with this id, archived or not. */
export function hasThread(home: string, id: string): boolean {
  return UUID.test(id) && findById(home, id) !== null;
}

function findById(home: string, id: string): string | null {
  // Whoever writes a thread holds the lease beside its file, whatever link leads there.
  if (id.endsWith('.jsonl') && isAbsolute(id)) return existsSync(id) ? realpathSync(id) : null;
  if (!UUID.test(id)) return findByName(home, id);
  const wanted = id.toLowerCase();
  for (const path of rolloutsNewestFirst(home)) if (threadIdOf(path) === wanted) return path;
  return null;
}

/** A name is no key: it names a thread only while no other one that is there has it too. */
function findByName(home: string, name: string): string | null {
  const bearers = new ThreadNames(home).idsNamed(name);
  if (bearers.size === 0) return null;
  const found = new Map<string, string>();
  for (const path of rolloutsNewestFirst(home)) {
    const id = threadIdOf(path);
    if (id !== null && bearers.has(id) && !found.has(id)) found.set(id, path);
  }
  const [path = null, ...others] = found.values();
  if (others.length === 0) return path;
  const ids = [...found.keys()].join(', ');
  throw new KeelError('invalidInput', `${found.size} threads are named "${name}": say which by its id (${ids})`);
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

/** Whether another thread started this one for itself (a reviewer, a subagent): not what its user wants to continue. */
function isOfAnother({ source, parent_thread_id: parent }: SessionMeta): boolean {
  return (typeof source === 'object' && source !== null) || typeof parent === 'string';
}
