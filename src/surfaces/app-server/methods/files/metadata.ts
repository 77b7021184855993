import { type Dirent, lstatSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { inDirectory, type PlaceJudge, realName } from '../../../../foundation/files/index.ts';
import { realPath } from '../../../../foundation/util/index.ts';
import { refuse } from './places.ts';

export interface EntryKind {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
}

export interface Metadata extends EntryKind {
  readonly isSymlink: boolean;
  /** Unix milliseconds; 0: not known. */
  readonly createdAtMs: number;
  readonly modifiedAtMs: number;
}

/** What a name is. Of a link that leads to what may not be read, only that it is a link. @throws FileFault, or what the system says */
export function metadataOf(path: string, mayRead: PlaceJudge): Metadata {
  const own = statsAt(realName(path), mayRead);
  const seen = own.isSymbolicLink() ? (targetStats(path, mayRead) ?? own) : own;
  return {
    ...kindOf(seen),
    isSymlink: own.isSymbolicLink(),
    createdAtMs: Math.trunc(seen.birthtimeMs),
    modifiedAtMs: Math.trunc(seen.mtimeMs),
  };
}

/** An entry of a listing; a link is what it leads to. @param place the directory, without links */
export function entryKind(entry: Dirent, place: string, mayRead: PlaceJudge): EntryKind {
  const stats = entry.isSymbolicLink() ? targetStats(join(place, entry.name), mayRead) : null;
  return kindOf(stats ?? entry);
}

function kindOf(entry: Pick<Stats, 'isDirectory' | 'isFile'>): EntryKind {
  return { isDirectory: entry.isDirectory(), isFile: entry.isFile() };
}

/** Of what a link leads to; null if that may not be read, or isn't there. */
function targetStats(path: string, mayRead: PlaceJudge): Stats | null {
  try {
    return statsAt(realPath(path), mayRead);
  } catch {
    // Whatever the reason is: the link itself can be shown.
    return null;
  }
}

/** @param path without links on its way */
function statsAt(path: string, mayRead: PlaceJudge): Stats {
  const stats = inDirectory(path, (directory, name) => (name === '' ? statSync('/') : lstatSync(directory.at(name))));
  refuse(mayRead({ path, stats }));
  return stats;
}
