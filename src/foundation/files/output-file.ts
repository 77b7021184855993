import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, realpathSync, unlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isInside, placesOnTheWay } from '../util/index.ts';
import { FileFault } from './open-real.ts';
import { namesOf, RootedDirectory } from './rooted-directory.ts';

const WRITE =
  constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0) | (constants.O_NOCTTY ?? 0);
/** How often the name may be taken by somebody else between two looks at it. */
const MAX_TRIES = 100;
/** Devices, and descriptors that keel was started with (`/dev/stdout`): nothing that a command can put there. */
const DEVICES = '/dev/';

/**
 * A file that the user named for keel's own output. Its directory is opened at the start, before any command runs, so
 * what commands put in its way later gains nothing: a link, a pipe or a further name of another file is replaced by a new
 * file. It owns a descriptor: dispose of it.
 */
export class OutputFile implements Disposable {
  readonly #path: string;
  /** Null: a device, which is opened by its name. */
  readonly #directory: RootedDirectory | null;
  /** Names below the directory that are not there yet; the last one is the file's. */
  readonly #names: readonly string[];

  private constructor(path: string, directory: RootedDirectory | null, names: readonly string[]) {
    this.#path = path;
    this.#directory = directory;
    this.#names = names;
  }

  /**
   * Anchors a name. A link in a place where commands may write is refused, since one of them may have made it.
   * @param path absolute
   * @param roots directories where commands may write, absolute
   * @throws FileFault, or what the system says
   */
  static anchor(path: string, roots: readonly string[]): OutputFile {
    if (path.startsWith(DEVICES)) return new OutputFile(path, null, []);
    const missing: string[] = [];
    let existing = dirname(path);
    while (lstatSync(existing, { throwIfNoEntry: false }) === undefined) {
      missing.unshift(basename(existing));
      existing = dirname(existing);
    }
    const real = checkedDirectory(existing, roots.map(realOf));
    using root = RootedDirectory.open('/');
    const directory = root.enter(namesOf(real));
    const names = [...missing, basename(path)];
    try {
      if (missing.length === 0) checkTarget(directory.at(basename(path)));
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
    return new OutputFile(path, directory, names);
  }

  /** Opens the file for writing, empty. The caller closes the descriptor. @throws FileFault, or what the system says */
  open(mode = 0o666): number {
    if (this.#directory === null) return openSync(this.#path, 'w', mode);
    using directory = this.#directory.enter(this.#names.slice(0, -1));
    const place = directory.at(this.#names.at(-1) ?? '');
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      try {
        return openOwn(place) ?? openSync(place, WRITE | constants.O_CREAT | constants.O_EXCL, mode);
      } catch (error) {
        if (!isSwapped(error)) throw error;
      }
    }
    throw new FileFault("its name can't be taken");
  }

  [Symbol.dispose](): void {
    this.#directory?.[Symbol.dispose]();
  }
}

/** The real path of a directory, none of whose links could have been made by a command. */
function checkedDirectory(path: string, roots: readonly string[]): string {
  let real = path;
  for (const { path: place, stats } of placesOnTheWay(path)) {
    if (!stats.isSymbolicLink()) real = place;
    else if (roots.some((root) => isInside(place, root))) {
      throw new FileFault(`${place} is a link that a command may have made: name what it leads to`);
    }
  }
  return real;
}

function checkTarget(place: string): void {
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink()) throw new FileFault('it is a link: name the file that it leads to');
  if (stats?.isDirectory()) throw new FileFault('it is a directory');
  if (stats !== undefined && !stats.isFile()) throw new FileFault('it is not a regular file');
}

/** Opens the file that is there, if it is nothing but that; what else has the name is removed. Null: the name is free. */
function openOwn(place: string): number | null {
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats === undefined) return null;
  if (stats.isDirectory()) throw new FileFault('it is a directory');
  if (!stats.isFile() || stats.nlink !== 1) {
    unlinkSync(place);
    return null;
  }
  const fd = openSync(place, WRITE);
  const { dev, ino, nlink } = fstatSync(fd);
  if (dev === stats.dev && ino === stats.ino && nlink === 1) {
    ftruncateSync(fd);
    return fd;
  }
  closeSync(fd);
  return null;
}

/** Whether an error comes from a name that means something else than a moment ago: a link, a pipe, a file, nothing. */
function isSwapped(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return code === 'EEXIST' || code === 'ELOOP' || code === 'ENXIO' || code === 'ENOENT';
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // A root that is not there has nothing in it.
    return path;
  }
}
