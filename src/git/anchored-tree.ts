import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type BytePath, nameOf, parentOf, toBytes } from './byte-path.ts';

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const OWN_DESCRIPTORS = '/proc/self/fd';

export interface FileContent {
  readonly bytes: Buffer;
  readonly isExecutable: boolean;
  /** Permissions it had when it was kept, if they were unusual. */
  readonly mode: number | null;
}

/**
 * Changes files below a root and nowhere else. On Linux each directory is entered by its descriptor, so that a process that
 * puts a symbolic link in its place at the wrong moment gains nothing; elsewhere directories are looked at just before.
 * Methods throw what the system says. It owns descriptors: dispose of it.
 */
export class AnchoredTree implements Disposable {
  readonly #root: string;
  readonly #hasDescriptors = existsSync(OWN_DESCRIPTORS);
  /** The directory used last: paths come sorted, so the next one is often in it too. */
  #open: { readonly path: BytePath; readonly fd: number } | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  /** Puts a finished file in the place of what is there. Never replaces a directory. */
  write(path: BytePath, content: FileContent): void {
    const directory = this.#enter(parentOf(path), true);
    const place = within(directory, nameOf(path));
    const old = lstatSync(place, { throwIfNoEntry: false });
    const temporary = within(directory, `.keel-${randomBytes(8).toString('hex')}.tmp`);
    try {
      // Nobody else may read it before it has its permissions.
      const fd = openSync(temporary, 'wx', 0o600);
      try {
        writeFileSync(fd, content.bytes);
        if (old?.isFile()) keepOwner(fd, old);
        fchmodSync(fd, modeOf(content, old));
      } finally {
        closeSync(fd);
      }
      this.#place(temporary, place, old);
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  link(path: BytePath, target: Buffer): void {
    const directory = this.#enter(parentOf(path), true);
    const place = within(directory, nameOf(path));
    const temporary = within(directory, `.keel-${randomBytes(8).toString('hex')}.tmp`);
    try {
      symlinkSync(target, temporary);
      this.#place(temporary, place, lstatSync(place, { throwIfNoEntry: false }));
    } finally {
      rmSync(temporary, { force: true });
    }
  }

  /** Removes a file or a link; one that is gone already is fine. */
  remove(path: BytePath): void {
    try {
      unlinkSync(within(this.#enter(parentOf(path), false), nameOf(path)));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** False if it still holds something, or is none. */
  removeIfEmpty(directory: BytePath): boolean {
    this.#close();
    try {
      rmdirSync(within(this.#enter(parentOf(directory), false), nameOf(directory)));
      return true;
    } catch {
      // It is still used, or not ours to remove; an empty directory does no harm.
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #place(temporary: Buffer, place: Buffer, old: Stats | undefined): void {
    // Only an empty directory goes.
    if (old?.isDirectory()) rmdirSync(place);
    renameSync(temporary, place);
  }

  /** A directory, as a path by which to reach what is in it. */
  #enter(path: BytePath, make: boolean): Buffer {
    if (!this.#hasDescriptors) return this.#checked(path, make);
    if (this.#open?.path !== path) {
      this.#close();
      this.#open = { path, fd: this.#descend(path, make) };
    }
    return Buffer.from(`${OWN_DESCRIPTORS}/${this.#open.fd}`);
  }

  #descend(path: BytePath, make: boolean): number {
    let fd = openSync(this.#root, constants.O_RDONLY | constants.O_DIRECTORY);
    for (const part of partsOf(path)) {
      const place = within(Buffer.from(`${OWN_DESCRIPTORS}/${fd}`), part);
      try {
        const next = openDirectory(place, make);
        closeSync(fd);
        fd = next;
      } catch (error) {
        closeSync(fd);
        throw error;
      }
    }
    return fd;
  }

  #checked(path: BytePath, make: boolean): Buffer {
    let place: Buffer = Buffer.from(this.#root);
    for (const part of partsOf(path)) {
      place = within(place, part);
      const stats = lstatSync(place, { throwIfNoEntry: false });
      if (!stats && make) mkdirSync(place);
      else if (!stats) throw Object.assign(new Error('no such directory'), { code: 'ENOENT' });
      else if (!stats.isDirectory()) throw new Error('something that is no directory is in the way');
    }
    return place;
  }

  #close(): void {
    if (this.#open !== null) closeSync(this.#open.fd);
    this.#open = null;
  }
}

function openDirectory(place: Buffer, make: boolean): number {
  try {
    return openSync(place, DIRECTORY);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || !make) throw error;
    mkdirSync(place);
    return openSync(place, DIRECTORY);
  }
}

function modeOf({ isExecutable, mode }: FileContent, old: Stats | undefined): number {
  const usual = old?.isFile() ? old.mode : 0o666 & ~process.umask();
  const readable = (mode ?? usual) & 0o666;
  return isExecutable ? readable | ((readable & 0o444) >> 2) : readable;
}

function keepOwner(fd: number, old: Stats): void {
  if (old.uid === process.getuid?.() && old.gid === process.getgid?.()) return;
  try {
    fchownSync(fd, old.uid, old.gid);
  } catch {
    // Only root can give a file away; what matters is that its content comes back.
  }
}

function within(directory: Buffer, name: string): Buffer {
  return Buffer.concat([directory, Buffer.from('/'), toBytes(name)]);
}

function partsOf(path: BytePath): string[] {
  return path === '' ? [] : path.split('/');
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}
