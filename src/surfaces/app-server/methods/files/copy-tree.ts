import { fchmodSync, lstatSync, readlinkSync, readSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import {
  Draft,
  directoryOf,
  FileFault,
  openFile,
  type RootedDirectory,
  realName,
  replaceLink,
} from '../../../../foundation/files/index.ts';
import { isInside, realPath } from '../../../../foundation/util/index.ts';
import { type Places, refuse } from './places.ts';
import { childrenOf, TreeBudget, type TreeEntry } from './tree.ts';

/** Bytes that are copied before other work gets its turn. */
const CHUNK_BYTES = 1024 * 1024;
/** Nothing that is copied keeps a right to act as another user. */
const COPIED_MODE = 0o777;

export interface CopyRequest {
  /** Absolute. */
  readonly from: string;
  readonly to: string;
  readonly isRecursive: boolean;
}

/** Copies a file, or a directory into a new or existing one. @throws FileFault, or what the system says */
export async function copyTree(request: CopyRequest, places: Places, signal: AbortSignal): Promise<void> {
  const [from, to] = [realPath(request.from), realName(request.to)];
  using source = directoryOf(from);
  const name = Buffer.from(basename(from));
  const stats = lstatSync(source.at(name));
  if (stats.isDirectory() && !request.isRecursive) throw new FileFault('it is a directory: copy it recursively');
  if (isInside(to, from)) throw new FileFault("it can't be copied into itself");
  using directory = directoryOf(to);
  const target = { directory, name: Buffer.from(basename(to)), path: to };
  await new TreeCopy(places, signal).copy({ directory: source, name, path: from, stats }, target, 0);
}

type Target = Omit<TreeEntry, 'stats'>;

class TreeCopy {
  readonly #places: Places;
  readonly #signal: AbortSignal;
  readonly #budget = new TreeBudget();

  constructor(places: Places, signal: AbortSignal) {
    this.#places = places;
    this.#signal = signal;
  }

  async copy(source: TreeEntry, target: Target, depth: number): Promise<void> {
    await this.#budget.spend(depth, this.#signal);
    refuse(this.#places.nameFault(target.path), `no copy at ${target.path}: `);
    if (source.stats.isDirectory()) return await this.#copyDirectory(source, target, depth);
    if (source.stats.isFile()) return await this.#copyFile(source, target);
    if (!source.stats.isSymbolicLink()) throw new FileFault(`${source.path} is not a regular file`);
    this.#requireReadable(source);
    replaceLink(target.directory, target.name, readlinkSync(source.directory.at(source.name), { encoding: 'buffer' }));
  }

  async #copyDirectory(source: TreeEntry, target: Target, depth: number): Promise<void> {
    this.#requireReadable(source);
    using from = source.directory.enter([source.name]);
    using to: RootedDirectory = target.directory.enter([target.name], { onMade: () => undefined });
    for (const child of childrenOf(from, source.path)) {
      const path = join(target.path, child.name.toString());
      await this.copy(child, { directory: to, name: child.name, path }, depth + 1);
    }
  }

  async #copyFile({ directory, name }: TreeEntry, target: Target): Promise<void> {
    using file = openFile(directory.at(name), { links: 'no', judge: this.#places.mayRead });
    const existing = lstatSync(target.directory.at(target.name), { throwIfNoEntry: false });
    if (existing?.isDirectory()) throw new FileFault(`${target.path} is a directory`);
    using draft = Draft.make(target.directory, { isOptional: false, mode: 0o600 });
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    for (let length = readSync(file.fd, chunk); length > 0; length = readSync(file.fd, chunk)) {
      for (let at = 0; at < length; ) at += writeSync(draft.fd, chunk, at, length - at);
      await setImmediate();
      this.#signal.throwIfAborted();
    }
    fchmodSync(draft.fd, file.place.stats.mode & COPIED_MODE);
    draft.become(target.name);
  }

  #requireReadable({ path, stats }: TreeEntry): void {
    refuse(this.#places.mayRead({ path, stats }));
  }
}
