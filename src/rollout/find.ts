import { existsSync, readdirSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { KeelError } from '../protocol/index.ts';
import { archivedDir, parseRolloutName, sessionsDir } from './paths.ts';
import { readHead } from './read-head.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

type ThreadSelector =
  /** A thread's id, or the path of its rollout. */
  | { readonly type: 'id'; readonly id: string }
  /** The newest thread of a provider in which a user has said something; with `cwd` only of those begun there. */
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
    if (!head?.hasUserMessage) continue;
    const isOfProvider = (head.meta.model_provider ?? providerId) === providerId;
    if (isOfProvider && (cwd === undefined || head.meta.cwd === cwd)) return path;
  }
  return null;
}

/** Every rollout by the time and id in its name, newest first; a day's folder is read when it is reached. */
function* rolloutsNewestFirst(home: string, { archived = true } = {}): Generator<string> {
  const root = sessionsDir(home);
  for (const year of descending(root)) {
    for (const month of descending(join(root, year))) {
      for (const day of descending(join(root, year, month))) yield* rolloutsIn(join(root, year, month, day));
    }
  }
  if (archived) yield* rolloutsIn(archivedDir(home));
}

function rolloutsIn(dir: string): string[] {
  return descending(dir)
    .filter((name) => parseRolloutName(name) !== null)
    .map((name) => join(dir, name));
}

function descending(dir: string): string[] {
  try {
    return readdirSync(dir).sort().reverse();
  } catch {
    // A folder that isn't there, or isn't one, holds no threads.
    return [];
  }
}
