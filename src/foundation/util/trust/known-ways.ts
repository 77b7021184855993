import { type Place, placesOnTheWay } from './writable-by-others.ts';

const OTHERS_WRITE = 0o022;

/**
 * Remembers the way to what only root can change: the programs of the system, most of all. No command and no other user can
 * put anything else there, so looking at the disk again for each command would find the same.
 */
export class KnownWays {
  readonly #ways = new Map<string, readonly Place[]>();

  /** As `placesOnTheWay`, which it takes for ways that somebody else could change. */
  to(path: string): Iterable<Place> {
    const known = this.#ways.get(path);
    if (known !== undefined) return known;
    const way = [...placesOnTheWay(path)];
    if (way.every(isRootsAlone)) this.#ways.set(path, way);
    return way;
  }
}

function isRootsAlone({ stats }: Place): boolean {
  return stats.uid === 0 && (stats.isSymbolicLink() || (stats.mode & OTHERS_WRITE) === 0);
}
