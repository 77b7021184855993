import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { randomBytes } from '../util/index.ts';
import { FileFault } from './open-real.ts';
import type { EntryName, RootedDirectory } from './rooted-directory.ts';

const PERMISSIONS = 0o7777;
const IN_PLACE = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/**
 * Writes a whole file by putting a finished one in the place of its name; it keeps owner and mode, or gets `mode`. A file
 * with further hard links, or in a directory where nothing may be made, is written in place instead. A link of that name is
 * replaced, never followed.
 * @throws FileFault for a directory, or what the system says
 */
export function replaceFile(
  directory: RootedDirectory,
  name: string,
  content: string | Buffer,
  mode: number | null,
): void {
  const place = directory.at(name);
  const old = lstatSync(place, { throwIfNoEntry: false });
  if (old?.isDirectory()) throw new FileFault('it is a directory');
  const file = old?.isFile() ? old : null;
  // A file that its owner made read-only stays so: replacing it would go round that.
  if (file) accessSync(place, constants.W_OK);
  const isReplaced = (file === null || file.nlink === 1) && replaceBeside(directory, name, { content, file, mode });
  if (!isReplaced) overwrite(place, content, mode);
}

interface Replacement {
  readonly content: string | Buffer;
  readonly file: Stats | null;
  readonly mode: number | null;
}

/** @returns false if a new file can't be made beside the old one, or not with its owner */
function replaceBeside(directory: RootedDirectory, name: string, { content, file, mode }: Replacement): boolean {
  using draft = Draft.make(directory, { isOptional: file !== null, mode: 0o666 });
  if (draft === null || (file !== null && !takeOwner(draft.fd, file))) return false;
  writeFileSync(draft.fd, content);
  const wanted = mode ?? file?.mode;
  if (wanted !== undefined) fchmodSync(draft.fd, wanted & PERMISSIONS);
  draft.become(name);
  return true;
}

function takeOwner(fd: number, old: Stats): boolean {
  if (old.uid === process.getuid?.() && old.gid === process.getgid?.()) return true;
  try {
    fchownSync(fd, old.uid, old.gid);
    return true;
  } catch {
    // Not ours to give away: the old file is written to instead.
    return false;
  }
}

/** What has become a link or a pipe by now is neither followed nor waited for. */
function overwrite(place: EntryName, content: string | Buffer, mode: number | null): void {
  const fd = openSync(place, IN_PLACE);
  try {
    if (!fstatSync(fd).isFile()) throw new FileFault('it is not a regular file');
    ftruncateSync(fd);
    writeFileSync(fd, content);
    if (mode !== null) fchmodSync(fd, mode & PERMISSIONS);
  } finally {
    closeSync(fd);
  }
}

interface DraftOptions {
  /** The caller has another way where the directory takes no new file. */
  readonly isOptional: boolean;
  readonly mode: number;
}

/** A file under a name that nobody else uses, until it is finished and takes its own. It goes with this if it never does. */
export class Draft implements Disposable {
  readonly fd: number;
  readonly #directory: RootedDirectory;
  readonly #name: string;
  #isOpen = true;

  private constructor(directory: RootedDirectory, name: string, fd: number) {
    this.#directory = directory;
    this.#name = name;
    this.fd = fd;
  }

  /** @throws what the system says */
  static make(directory: RootedDirectory, options: { readonly isOptional: false; readonly mode: number }): Draft;
  /** @returns null if the directory takes no new file and there may be none */
  static make(directory: RootedDirectory, options: DraftOptions): Draft | null;
  static make(directory: RootedDirectory, { isOptional, mode }: DraftOptions): Draft | null {
    const name = draftName();
    try {
      return new Draft(directory, name, openSync(directory.at(name), 'wx', mode));
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : null;
      if (isOptional && (code === 'EACCES' || code === 'EPERM')) return null;
      throw error;
    }
  }

  /** Takes a name, in the place of a file, a link or an empty directory. */
  become(name: EntryName): void {
    this.#close();
    moveOnto(this.#directory, this.#name, name);
  }

  [Symbol.dispose](): void {
    this.#close();
    // After the rename there is nothing left under this name.
    rmSync(this.#directory.at(this.#name), { force: true });
  }

  #close(): void {
    if (this.#isOpen) closeSync(this.fd);
    this.#isOpen = false;
  }
}

/** Makes a link in the place of what is there. */
export function replaceLink(directory: RootedDirectory, name: EntryName, target: string | Buffer): void {
  const draft = draftName();
  try {
    symlinkSync(target, directory.at(draft));
    moveOnto(directory, draft, name);
  } finally {
    rmSync(directory.at(draft), { force: true });
  }
}

function moveOnto(directory: RootedDirectory, draft: string, name: EntryName): void {
  const place = directory.at(name);
  // Only an empty directory goes.
  if (lstatSync(place, { throwIfNoEntry: false })?.isDirectory()) rmdirSync(place);
  renameSync(directory.at(draft), place);
}

function draftName(): string {
  return `.keel-${randomBytes(8).toString('hex')}.tmp`;
}
