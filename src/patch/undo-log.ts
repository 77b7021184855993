import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { replaceFile } from './write-file.ts';

type Before =
  | { readonly type: 'nothing' }
  | { readonly type: 'file'; readonly bytes: Buffer; readonly mode: number }
  | { readonly type: 'link'; readonly to: string };

/** What was there before a patch wrote, to be put back. Paths are real ones. */
export class UndoLog {
  readonly #before: { readonly path: string; readonly was: Before }[] = [];
  readonly #madeDirs: string[] = [];

  /** To be called before the path is written or removed. */
  remember(path: string): void {
    this.#before.push({ path, was: stateOf(path) });
  }

  makeParents(path: string): void {
    const parent = dirname(path);
    const first = mkdirSync(parent, { recursive: true });
    if (first === undefined) return;
    for (let dir = parent; dir.length >= first.length; dir = dirname(dir)) this.#madeDirs.push(dir);
  }

  /** Puts everything back, the latest first. @returns the paths that could not be put back */
  run(): string[] {
    const left: string[] = [];
    for (const { path, was } of this.#before.toReversed()) {
      try {
        putBack(path, was);
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
  return stat?.isFile() ? { type: 'file', bytes: readFileSync(path), mode: stat.mode } : { type: 'nothing' };
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
    rmdirSync(dir);
  } catch {
    // Somebody else has put something there.
  }
}
