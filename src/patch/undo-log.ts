import { lstatSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { readRegularFile } from '../util/index.ts';
import { inDirectory } from './held-directory.ts';
import { replaceFile } from './write-file.ts';

type Before =
  | { readonly type: 'nothing' }
  | { readonly type: 'file'; readonly bytes: Buffer; readonly mode: number }
  | { readonly type: 'link'; readonly to: string };

/** What was there before a patch wrote, to be put back. Paths are real ones. */
export class UndoLog {
  readonly #before: { readonly path: string; readonly was: Before }[] = [];
  readonly #madeDirs: string[] = [];

  /** To be called before the path is written or removed; `place` is where it can be reached now. */
  remember(path: string, place: string): void {
    this.#before.push({ path, was: stateOf(place) });
  }

  makeParents(path: string): void {
    inDirectory(path, () => undefined, { onMade: (dir) => this.#madeDirs.push(dir) });
  }

  /** Puts everything back, the latest first. @returns the paths that could not be put back */
  run(): string[] {
    const left: string[] = [];
    for (const { path, was } of this.#before.toReversed()) {
      try {
        inDirectory(path, (place) => putBack(place, was));
      } catch {
        left.push(path);
      }
    }
    for (const dir of this.#madeDirs.toSorted((a, b) => b.length - a.length)) removeIfEmpty(dir);
    return left;
  }
}

function stateOf(path: string): Before {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink()) return { type: 'link', to: readlinkSync(path) };
  return stat?.isFile() ? { type: 'file', bytes: readRegularFile(path), mode: stat.mode } : { type: 'nothing' };
}

function putBack(path: string, was: Before): void {
  switch (was.type) {
    case 'nothing':
      return rmSync(path, { force: true });
    case 'file':
      return replaceFile(path, was.bytes, was.mode);
    case 'link':
      rmSync(path, { force: true });
      return symlinkSync(was.to, path);
  }
}

function removeIfEmpty(dir: string): void {
  try {
    inDirectory(dir, rmdirSync);
  } catch {
    // Somebody else has put something there.
  }
}
