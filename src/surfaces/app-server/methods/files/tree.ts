import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { FileFault, type RootedDirectory } from '../../../../foundation/files/index.ts';

/** Entries of a tree that is removed or copied. */
const MAX_ENTRIES = 200_000;
/** Each level holds a descriptor. */
const MAX_DEPTH = 200;
/** Entries until other work gets its turn. */
const AT_ONCE = 200;

/** Counts what is done to a tree. */
export class TreeBudget {
  #entries = 0;

  /** Call for each entry. @throws FileFault, or the signal's reason */
  async spend(depth: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#entries += 1;
    if (this.#entries > MAX_ENTRIES) throw new FileFault(`there are more than ${MAX_ENTRIES} files in it`);
    if (depth > MAX_DEPTH) throw new FileFault(`it is more than ${MAX_DEPTH} levels deep`);
    if (this.#entries % AT_ONCE === 0) await setImmediate();
  }
}

/** One name in a directory that is open. */
export interface TreeEntry {
  readonly directory: RootedDirectory;
  /** Names need not be UTF-8. */
  readonly name: Buffer;
  /** Absolute, for judging. */
  readonly path: string;
  readonly stats: Stats;
}

/** The entries of a tree, those in a directory before the directory itself. Links are not followed. */
export async function* entriesOf(entry: TreeEntry, signal: AbortSignal): AsyncGenerator<TreeEntry> {
  yield* walk(entry, 0, new TreeBudget(), signal);
}

async function* walk(
  entry: TreeEntry,
  depth: number,
  budget: TreeBudget,
  signal: AbortSignal,
): AsyncGenerator<TreeEntry> {
  await budget.spend(depth, signal);
  if (entry.stats.isDirectory()) {
    using inner = entry.directory.enter([entry.name]);
    for (const child of childrenOf(inner, entry.path)) yield* walk(child, depth + 1, budget, signal);
  }
  yield entry;
}

/** What is in an open directory, at `path`. */
export function* childrenOf(directory: RootedDirectory, path: string): Generator<TreeEntry> {
  for (const name of readdirSync(directory.at('.'), { encoding: 'buffer' })) {
    const stats = lstatSync(directory.at(name), { throwIfNoEntry: false });
    // What is gone by now is no entry.
    if (stats !== undefined) yield { directory, name, path: join(path, name.toString()), stats };
  }
}
