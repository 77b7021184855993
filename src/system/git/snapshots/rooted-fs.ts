import { fchmodSync, fchownSync, lstatSync, rmdirSync, type Stats, unlinkSync, writeFileSync } from 'node:fs';
import { Draft, RootedDirectory, replaceLink } from '../../../foundation/files/index.ts';
import { type BytePath, nameOf, parentOf, toBytes } from '../byte-path.ts';

export interface FileContent {
  readonly bytes: Buffer;
  readonly isExecutable: boolean;
  /** Permissions it had when it was kept, if they were unusual. */
  readonly mode: number | null;
}

/**
 * Changes files below a root and nowhere else: the root is open as a descriptor, and links below it are not followed.
 * Methods throw what the system says. It owns descriptors: dispose of it.
 */
export class RootedFs implements Disposable {
  readonly #root: RootedDirectory;
  /** The directory used last: paths come sorted, so the next one is often in it too. */
  #last: { readonly path: BytePath; readonly directory: RootedDirectory } | null = null;

  constructor(root: string) {
    this.#root = RootedDirectory.open(root);
  }

  /** Puts a finished file in the place of what is there. Never replaces a directory that is not empty. */
  write(path: BytePath, content: FileContent): void {
    const directory = this.#enter(parentOf(path), true);
    const name = toBytes(nameOf(path));
    const old = lstatSync(directory.at(name), { throwIfNoEntry: false });
    // Nobody else may read it before it has its permissions.
    using draft = Draft.make(directory, { isOptional: false, mode: 0o600 });
    writeFileSync(draft.fd, content.bytes);
    if (old?.isFile()) keepOwner(draft.fd, old);
    fchmodSync(draft.fd, modeOf(content, old));
    draft.become(name);
  }

  link(path: BytePath, target: Buffer): void {
    replaceLink(this.#enter(parentOf(path), true), toBytes(nameOf(path)), target);
  }

  /** Removes a file or a link; one that is gone already is fine. */
  remove(path: BytePath): void {
    try {
      unlinkSync(this.#enter(parentOf(path), false).at(toBytes(nameOf(path))));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }

  /** False if it still holds something, or is not a directory. */
  removeIfEmpty(directory: BytePath): boolean {
    try {
      rmdirSync(this.#enter(parentOf(directory), false).at(toBytes(nameOf(directory))));
      return true;
    } catch {
      // It is still used, or not ours to remove; an empty directory does no harm.
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#last?.directory[Symbol.dispose]();
    this.#last = null;
    this.#root[Symbol.dispose]();
  }

  #enter(path: BytePath, make: boolean): RootedDirectory {
    if (this.#last?.path === path) return this.#last.directory;
    const names = path === '' ? [] : path.split('/').map(toBytes);
    const directory = this.#root.enter(names, make ? { onMade: () => undefined } : {});
    this.#last?.directory[Symbol.dispose]();
    this.#last = { path, directory };
    return directory;
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

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : null;
}
