import { closeSync, constants, mkdirSync, openSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { lockFile } from '../../foundation/util/index.ts';

/** In the folder of plugins: a file for each folder that was used, whose lock says so. No plugin has a name with a dot. */
const DIRECTORY = '.used';
/** What is kept beside a folder, under its name. */
const BESIDE = '.files.json';

/** What this process uses, by folder. The kernel releases the locks when the process ends, however it ends. */
const used = new Map<string, number>();

/** The folder of a plugin stays for as long as this process runs, also when the plugin is removed or another version takes its place. */
export function useFolder(folder: string): void {
  if (used.has(folder)) return;
  try {
    const fd = openLock(folder);
    // One whose lock is busy is being removed; where there are no locks, nothing is removed.
    if (lockFile(fd, 'shared') === 'locked') used.set(folder, fd);
    else closeSync(fd);
  } catch {
    // Nobody can remove a folder from a home that can't be written.
  }
}

/**
 * Removes the folders of plugins that are not installed any more and that no process uses. Where the file system has no locks, they
 * stay. Nobody may install meanwhile.
 * @param plugins the folder that they are in, each under its name @param kept those of the installed ones
 * @returns how many are left, since processes use them
 */
export function removeUnusedFolders(plugins: string, kept: readonly string[]): number {
  let left = 0;
  for (const name of foldersIn(plugins).filter((one) => one !== DIRECTORY)) {
    const parent = join(plugins, name);
    for (const folder of foldersIn(parent).map((one) => join(parent, one))) {
      if (kept.includes(folder)) continue;
      if (!removeIfUnused(folder)) left += 1;
    }
    if (foldersIn(parent).length === 0) rmSync(parent, { recursive: true, force: true });
  }
  return left;
}

function removeIfUnused(folder: string): boolean {
  release(folder);
  const fd = openLock(folder);
  try {
    if (lockFile(fd, 'exclusive') !== 'locked') return false;
    for (const path of [folder, `${folder}${BESIDE}`, lockOf(folder)]) rmSync(path, { recursive: true, force: true });
    return true;
  } finally {
    closeSync(fd);
  }
}

function openLock(folder: string): number {
  const path = lockOf(folder);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return openSync(path, constants.O_RDONLY | constants.O_CREAT, 0o600);
}

function lockOf(folder: string): string {
  return join(dirname(dirname(folder)), DIRECTORY, `${basename(dirname(folder))}-${basename(folder)}`);
}

/** Whoever removes plugins has read the settings, and so counts as a user of them. */
function release(folder: string): void {
  const fd = used.get(folder);
  if (fd === undefined) return;
  used.delete(folder);
  closeSync(fd);
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
  } catch {
    // There is none.
    return [];
  }
}
