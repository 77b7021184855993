import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, type Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** What keel keeps for itself in its home: sockets, caches, and files for a moment. */
export type PrivateArea = 'run' | 'cache' | 'tmp';

/** A directory that another user could change: keel puts no private state there and takes none from it. */
export class UnsafeDirectoryError extends Error {
  readonly path: string;
  /** What is wrong with it, as the end of a sentence about the path. */
  readonly fault: string;

  constructor(path: string, fault: string) {
    super(`${path} ${fault}`);
    this.name = 'UnsafeDirectoryError';
    this.path = path;
    this.fault = fault;
  }
}

/** A directory for a moment. Disposing it removes it with everything in it. */
export interface TemporaryDirectory extends Disposable {
  readonly path: string;
}

const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
/** A temporary directory that is older belongs to a keel that was killed. */
const TEMPORARY_LIFE_MS = 24 * 3_600_000;

/**
 * Why users other than this one and root could change a file or what is in a directory, as the end of a sentence; null if
 * they can't. Git's ownership rule, and no write access for others. A group that has the user's own number is the user's
 * private one. Null where the system has no such owners.
 */
export function sharedFault({ uid, gid, mode }: Pick<Stats, 'uid' | 'gid' | 'mode'>): string | null {
  const user = process.geteuid?.();
  if (user === undefined) return null;
  if (uid !== user && uid !== 0) return `belongs to another user (uid ${uid})`;
  const isShared = (mode & OTHERS_WRITE) !== 0 || ((mode & GROUP_WRITE) !== 0 && gid !== uid);
  return isShared ? `can be written by other users (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})` : null;
}

/**
 * The nearest directory from `path` upwards in which others could put something else in the place of `path`; null if there is
 * none. In a sticky directory (`/tmp`) they can't.
 * @throws the system's error if a directory can't be looked at
 */
export function sharedAncestor(path: string): UnsafeDirectoryError | null {
  for (let dir = dirname(resolve(path)); ; dir = dirname(dir)) {
    const { uid, gid, mode } = lstatSync(dir);
    const fault = sharedFault({ uid, gid, mode: (mode & STICKY) !== 0 ? 0 : mode });
    if (fault !== null) return new UnsafeDirectoryError(dir, fault);
    if (dir === dirname(dir)) return null;
  }
}

/**
 * A directory of keel's own in its home, made with mode 0700 where it is missing.
 * @throws UnsafeDirectoryError if it is a link or others can change it; the system's error if it can't be made
 */
export function privateDirectory(home: string, area: PrivateArea): string {
  const path = join(home, area);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stats = lstatSync(path);
  const fault = stats.isDirectory() ? sharedFault(stats) : 'is not a directory';
  if (fault !== null) throw new UnsafeDirectoryError(path, fault);
  return path;
}

/**
 * A new directory in keel's home, never in `TMPDIR`: that may be full, missing, or writable by commands.
 * @throws as `privateDirectory`
 */
export function temporaryDirectory(home: string, purpose: string): TemporaryDirectory {
  const parent = privateDirectory(home, 'tmp');
  removeLeftovers(parent);
  const path = mkdtempSync(join(parent, `${purpose}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function removeLeftovers(parent: string): void {
  const oldest = Date.now() - TEMPORARY_LIFE_MS;
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    const modified = lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
    if (modified < oldest) rmSync(path, { recursive: true, force: true });
  }
}
