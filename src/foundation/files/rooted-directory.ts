import { closeSync, constants, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { FileFault, O_PATH } from './open-real.ts';
import { hasOwnDescriptors, OWN_DESCRIPTORS } from './own-descriptors.ts';

/** One name in a directory; bytes where a name need not be UTF-8. */
export type EntryName = string | Buffer;

export interface EnterOptions {
  /** Called with each directory that was missing and has been made, absolute. Absent: a missing one is a failure. */
  readonly onMade?: (path: string) => void;
}

const ENTER = O_PATH | constants.O_DIRECTORY;

/**
 * A directory that is open as a descriptor, and entered from there one name at a time, never through a link: a process
 * that puts a link in the place of a directory gains nothing. Where descriptors have no names (macOS), each directory is
 * looked at just before. It owns a descriptor: dispose of it.
 */
export class RootedDirectory implements Disposable {
  /** Null where descriptors have no names. */
  readonly #fd: number | null;
  readonly #path: string | Buffer;

  private constructor(fd: number | null, path: string | Buffer) {
    this.#fd = fd;
    this.#path = path;
  }

  /** Holds a directory that the caller vouches for: links lead to it. @throws what the system says */
  static open(path: string): RootedDirectory {
    return new RootedDirectory(hasOwnDescriptors() ? openSync(path, ENTER) : null, path);
  }

  /** A path by which a name in it is reached, as long as this is not disposed of. */
  at(name: string): string;
  at(name: EntryName): EntryName;
  at(name: EntryName): EntryName {
    const directory = this.#fd === null ? this.#path : `${OWN_DESCRIPTORS}/${this.#fd}`;
    return inside(directory, name);
  }

  /** A directory below this one. The caller disposes of it. @throws FileFault for a link, or what the system says */
  enter(names: readonly EntryName[], options: EnterOptions = {}): RootedDirectory {
    let here: RootedDirectory = this.#again();
    for (const name of names) {
      using parent = here;
      here = parent.#child(name, options);
    }
    return here;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== null) closeSync(this.#fd);
  }

  #again(): RootedDirectory {
    return new RootedDirectory(
      this.#fd === null ? null : openSync(`${OWN_DESCRIPTORS}/${this.#fd}`, ENTER),
      this.#path,
    );
  }

  #child(name: EntryName, { onMade }: EnterOptions): RootedDirectory {
    try {
      return this.#existing(name);
    } catch (error) {
      const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (onMade === undefined || !isMissing) throw error;
    }
    mkdirSync(this.at(name));
    onMade(inside(this.#path, name).toString());
    return this.#existing(name);
  }

  #existing(name: EntryName): RootedDirectory {
    const place = this.at(name);
    const path = inside(this.#path, name);
    if (this.#fd === null) {
      const stats = lstatSync(place);
      if (!stats.isDirectory())
        throw linkFault(stats) ?? new FileFault('something that is not a directory is in the way');
      return new RootedDirectory(null, path);
    }
    try {
      return new RootedDirectory(openSync(place, ENTER | constants.O_NOFOLLOW), path);
    } catch (error) {
      throw linkFault(lstatSync(place, { throwIfNoEntry: false })) ?? error;
    }
  }
}

function linkFault(stats: Stats | undefined): FileFault | null {
  return stats?.isSymbolicLink() ? new FileFault('a link is in the way') : null;
}

/** The names from the root of the file system to an absolute path. */
export function namesOf(path: string): string[] {
  return path.split(sep).filter((name) => name !== '');
}

function inside(directory: string | Buffer, name: EntryName): EntryName {
  if (typeof directory === 'string' && typeof name === 'string') return join(directory, name);
  return Buffer.concat([Buffer.from(directory), Buffer.from('/'), Buffer.from(name)]);
}
