import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isInside } from '../../../foundation/util/index.ts';
import { identityOf } from '../../process/index.ts';

/** A file or directory for which a rule can be made. */
export interface Entry {
  readonly path: string;
  readonly isDirectory: boolean;
  /** Identity of what has this name now: a rule is for that, not for the name. */
  readonly identity: string;
}

/** More in one directory are not opened: the kernel takes some microseconds for each. */
const MAX_ENTRIES = 4_096;

/**
 * The fewest entries that together cover a path but nothing closed: itself where nothing below it is closed, else what is in
 * it, and so on. Symlinks are left out: where they lead counts. `closed` compares without letter case, as protected names do.
 */
export function coveringEntries(path: string, closed: readonly string[]): readonly Entry[] {
  const stat = statOf(path);
  if (stat === null || stat.isSymbolicLink() || stat.isSocket()) return [];
  const identity = identityOf(stat);
  if (!stat.isDirectory()) return stat.isFile() || stat.isFIFO() ? [{ path, isDirectory: false, identity }] : [];
  const folded = path.toLowerCase();
  const below = closed.filter((other) => other.toLowerCase() !== folded && isInside(other.toLowerCase(), folded));
  if (below.length === 0) return [{ path, isDirectory: true, identity }];
  const isClosed = new Set(below.map((other) => other.toLowerCase()));
  const children = namesIn(path).map((name) => join(path, name));
  return children
    .filter((child) => !isClosed.has(child.toLowerCase()))
    .flatMap((child) => coveringEntries(child, below));
}

/** The paths that exist: what does not exist protects nothing. */
export function stillThere(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => statOf(path) !== null);
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir).slice(0, MAX_ENTRIES);
  } catch {
    // What can't be listed is not opened.
    return [];
  }
}

function statOf(path: string): BigIntStats | null {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    // It has just gone, or is in a directory that can't be entered.
    return null;
  }
}
