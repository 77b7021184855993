import { lstatSync, readlinkSync, rmdirSync, rmSync, symlinkSync } from 'node:fs';
import { inDirectory, type RootedDirectory, readRegularFile, replaceFile } from '../../../foundation/files/index.ts';

/** More than a file that can be patched has: whatever a patch overwrites can be put back. */
const MAX_KEPT_BYTES = 512 * 1024 * 1024;

type Before =
  | { readonly type: 'nothing' }
  | { readonly type: 'file'; readonly bytes: Buffer; readonly mode: number }
  | { readonly type: 'link'; readonly to: string };

/** The state before a patch wrote, to be put back. Paths are real paths. */
export class UndoLog {
  readonly #before: { readonly path: string; readonly was: Before }[] = [];
  readonly #madeDirs: string[] = [];

  /** Call it before the path is written or removed; `place` is where it can be reached now. */
  remember(path: string, place: string): void {
    this.#before.push({ path, was: stateOf(place) });
  }

  makeParents(path: string): void {
    inDirectory(
      path,
      () => undefined,
      (dir) => this.#madeDirs.push(dir),
    );
  }

  /** Puts everything back, the latest first. @returns the paths that could not be put back */
  run(): string[] {
    const left: string[] = [];
    for (const { path, was } of this.#before.toReversed()) {
      try {
        inDirectory(path, (directory, name) => putBack(directory, name, was));
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
  if (!stat?.isFile()) return { type: 'nothing' };
  return { type: 'file', bytes: readRegularFile(path, { maxBytes: MAX_KEPT_BYTES, links: 'no' }), mode: stat.mode };
}

function putBack(directory: RootedDirectory, name: string, was: Before): void {
  const path = directory.at(name);
  switch (was.type) {
    case 'nothing':
      return rmSync(path, { force: true });
    case 'file':
      return replaceFile(directory, name, was.bytes, was.mode);
    case 'link':
      rmSync(path, { force: true });
      return symlinkSync(was.to, path);
  }
}

function removeIfEmpty(dir: string): void {
  try {
    inDirectory(dir, (directory, name) => rmdirSync(directory.at(name)));
  } catch {
    // Another process has put something there.
  }
}
