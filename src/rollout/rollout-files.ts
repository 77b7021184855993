import { closeSync, constants, fstatSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { archivedDir, parseRolloutName, sessionsDir } from './paths.ts';

/** Every rollout by the time and id in its name, newest first; a day's folder is read when it is reached. */
export function* rolloutsNewestFirst(home: string, { archived = true } = {}): Generator<string> {
  const root = sessionsDir(home);
  for (const year of descending(root)) {
    for (const month of descending(join(root, year))) {
      for (const day of descending(join(root, year, month))) yield* rolloutsIn(join(root, year, month, day));
    }
  }
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
