import { lstatSync, rmdirSync, unlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { directoryOf, realName } from '../../../../foundation/files/index.ts';
import { type Places, refuse } from './places.ts';
import { entriesOf, type TreeEntry } from './tree.ts';

export interface RemoveOptions {
  readonly isRecursive: boolean;
  /** A name that isn't there is no error. */
  readonly isForced: boolean;
}

/**
 * Removes a name. Everything in a directory is judged before anything is removed, as a command can't remove a directory with
 * something protected in it either.
 * @throws FileFault, or what the system says
 */
export async function removeTree(
  path: string,
  places: Places,
  { isRecursive, isForced }: RemoveOptions,
  signal: AbortSignal,
): Promise<void> {
  const real = realName(path);
  refuse(places.nameFault(real));
  try {
    using directory = directoryOf(real);
    const name = Buffer.from(basename(real));
    const entry: TreeEntry = { directory, name, path: real, stats: lstatSync(directory.at(name)) };
    if (!isRecursive) return remove(entry);
    for await (const each of entriesOf(entry, signal)) requireRemovable(each, places);
    for await (const each of entriesOf(entry, signal)) {
      requireRemovable(each, places);
      remove(each);
    }
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing || !isForced) throw error;
  }
}

function requireRemovable({ path }: TreeEntry, places: Places): void {
  refuse(places.nameFault(path), `${path} is in it: `);
}

function remove({ directory, name, stats }: TreeEntry): void {
  if (stats.isDirectory()) rmdirSync(directory.at(name));
  else unlinkSync(directory.at(name));
}
