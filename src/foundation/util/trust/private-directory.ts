import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { directoryWritableByOthers } from './writable-by-others.ts';

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

/** A temporary directory that is older belongs to a keel that was killed. */
const TEMPORARY_LIFE_MS = 24 * 3_600_000;

/**
 * A directory of keel's own in its home, made with mode 0700 where it is missing.
 * @throws UnsafeDirectoryError if it is a link or others can change it; the system's error if it can't be made
 */
export function privateDirectory(home: string, area: PrivateArea): string {
  const path = join(home, area);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const stats = lstatSync(path);
  const fault = stats.isDirectory() ? directoryWritableByOthers(stats) : 'is not a directory';
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
