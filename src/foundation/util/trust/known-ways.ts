import { lstatSync, type Stats } from 'node:fs';
import { type Place, placesOnTheWay } from './writable-by-others.ts';

const OTHERS_WRITE = 0o022;

/**
 * Remembers the way to what only root can change, the programs of the system most of all. No command that is confined and no
 * other user can put anything else there, so only what root changes in the ordinary course of things is looked at again: the
 * links on the way and its end.
 */
export class KnownWays {
  readonly #ways = new Map<string, readonly Place[]>();

  /** As `placesOnTheWay`. */
  to(path: string): Iterable<Place> {
    const known = this.#ways.get(path);
    if (known?.every(isUnchanged)) return known;
    const way = [...placesOnTheWay(path)];
    if (way.every(isRootsAlone)) this.#ways.set(path, way);
    else this.#ways.delete(path);
    return way;
  }
}

function isRootsAlone({ stats }: Place): boolean {
  return stats.uid === 0 && (stats.isSymbolicLink() || (stats.mode & OTHERS_WRITE) === 0);
}

function isUnchanged({ path, stats }: Place): boolean {
  return stats.isDirectory() || isSame(stats, lstatSync(path, { throwIfNoEntry: false }));
}

/** A change of what a file says, of its rights or its owner changes `ctime`. */
function isSame(before: Stats, now: Stats | undefined): boolean {
  return now !== undefined && now.ino === before.ino && now.dev === before.dev && now.ctimeMs === before.ctimeMs;
}
