import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { archivedDir, parseRolloutName, sessionsDir } from './paths.ts';

/** Every rollout by the time and id in its name, newest first, at any depth below the folder of the sessions. */
export function* rolloutsNewestFirst(home: string, { archived = true } = {}): Generator<string> {
  const found = rolloutsBelow(sessionsDir(home));
  found.sort((a, b) => (basename(a) < basename(b) ? 1 : -1));
  yield* found;
  if (archived) yield* archivedRollouts(home);
}

/** The archived ones: all in one folder. */
export function archivedRollouts(home: string): string[] {
  return rolloutsIn(archivedDir(home));
}

/**
 * Opens a rollout for reading. A pipe or a device with a rollout's name would keep its reader waiting for ever.
 * @throws the system's error, or one that says that it is no file
 */
export function openRollout(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw new Error('it is not a file');
}

function rolloutsBelow(root: string): string[] {
  const found: string[] = [];
  const folders = [root];
  // A link may lead back to a folder above it.
  const entered = new Set<string>();
  for (let dir = folders.pop(); dir !== undefined; dir = folders.pop()) {
    for (const entry of entriesOf(dir)) {
      const path = join(dir, entry.name);
      if (parseRolloutName(entry.name) !== null) found.push(path);
      else if (entry.isDirectory()) folders.push(path);
      else if (entry.isSymbolicLink()) {
        const target = folderAt(path);
        if (target !== null && !entered.has(target)) folders.push(path);
        if (target !== null) entered.add(target);
      }
    }
  }
  return found;
}

function entriesOf(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    // A folder that can't be read holds no threads for us.
    return [];
  }
}

/** The real path of the folder that a link leads to; null for any other target. */
function folderAt(link: string): string | null {
  try {
    return statSync(link).isDirectory() ? realpathSync(link) : null;
  } catch {
    // The link leads nowhere, or in a circle.
    return null;
  }
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
