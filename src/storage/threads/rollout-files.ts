import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { archivedDir, parseRolloutName, sessionsDir } from '../rollout/index.ts';

/**
 * Every rollout by the time and id in its name, newest first, at any depth below the folder of the sessions. A day's folder is
 * read when it is reached; what lies below it counts as of that day.
 */
export function* rolloutsNewestFirst(home: string, { archived = true } = {}): Generator<string> {
  const root = sessionsDir(home);
  const { days, elsewhere } = layoutOf(root);
  elsewhere.sort(newestFirst);
  for (const day of days) {
    for (const path of rolloutsBelow(day, { root, entered: new Set() }).sort(newestFirst)) {
      while (elsewhere[0] !== undefined && newestFirst(elsewhere[0], path) < 0) yield elsewhere.shift() ?? path;
      yield path;
    }
  }
  yield* elsewhere;
  if (archived) yield* archivedRollouts(home);
}

function newestFirst(a: string, b: string): number {
  return basename(a) < basename(b) ? 1 : -1;
}

/** The folders of days, newest first, and the rollouts in all other places. */
function layoutOf(root: string): { readonly days: readonly string[]; readonly elsewhere: string[] } {
  let folders = [root];
  const elsewhere: string[] = [];
  const walk = { root, entered: new Set<string>() };
  for (const name of [/^\d{4}$/, /^\d{2}$/, /^\d{2}$/]) {
    const next: string[] = [];
    for (const dir of folders) {
      for (const entry of entriesOf(dir)) {
        if (name.test(entry.name)) next.push(join(dir, entry.name));
        else elsewhere.push(...rolloutsAt(dir, entry, walk));
      }
    }
    folders = next.sort().reverse();
  }
  return { days: folders, elsewhere };
}

/** The archived ones: all in one folder. */
export function archivedRollouts(home: string): string[] {
  return rolloutsIn(archivedDir(home));
}

interface Walk {
  /** Folder of the sessions. */
  readonly root: string;
  /** Folders outside of it that links have led to. */
  readonly entered: Set<string>;
}

function rolloutsBelow(dir: string, walk: Walk): string[] {
  return entriesOf(dir).flatMap((entry) => rolloutsAt(dir, entry, walk));
}

/** The rollout that an entry of a folder is, or those below it. */
function rolloutsAt(dir: string, entry: Dirent, walk: Walk): string[] {
  const path = join(dir, entry.name);
  if (parseRolloutName(entry.name) !== null) return [path];
  if (entry.isDirectory()) return rolloutsBelow(path, walk);
  const target = entry.isSymbolicLink() ? folderAt(path) : null;
  if (target === null || walk.entered.has(target)) return [];
  // What lies below the sessions is found without the link, which may lead in a circle.
  const root = folderAt(walk.root) ?? walk.root;
  if (target === root || target.startsWith(root + sep)) return [];
  walk.entered.add(target);
  return rolloutsBelow(path, walk);
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
