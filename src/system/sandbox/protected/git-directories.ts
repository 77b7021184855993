import { existsSync, lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readFileStart } from '../../../foundation/files/index.ts';
import { realPath } from '../../../foundation/util/index.ts';

const MAX_POINTER_BYTES = 4_096;
const MAX_CONFIG_BYTES = 256 * 1024;
/** What git takes for a git directory. */
const PARTS = ['HEAD', 'objects', 'refs'];

/** The git directories of the repository whose work tree begins at a root: its own, and the one shared by work trees. */
export function gitDirectories(root: string): readonly string[] {
  const git = join(root, '.git');
  if (isDirectory(git)) return [realPath(git)];
  const own = pointed(root);
  if (own === null) return [];
  const shared = commonDirectory(own);
  return shared === null ? [own] : [own, shared];
}

/**
 * Git directories that may be opened for commits. Whoever wrote a `.git` file could point it anywhere: so what it points to has to be a
 * git directory, lie where git puts it, and point back to this work tree.
 */
export function openableGitDirectories(root: string): readonly string[] {
  const git = join(root, '.git');
  if (isDirectory(git)) return [realPath(git)];
  const own = pointed(root);
  if (own === null) return [];
  const shared = commonDirectory(own);
  if (shared === null) return isGitDirectory(own) && workTreeIn(own) === realPath(root) ? [own] : [];
  const back = pointer(join(own, 'gitdir'), /^(\S.*?) *$/m);
  const isOwn = back !== null && realPath(resolve(own, back)) === realPath(git);
  const isInPlace = dirname(own) === join(shared, 'worktrees');
  return isOwn && isInPlace && isGitDirectory(shared) ? [own, shared] : [];
}

function pointed(root: string): string | null {
  const found = pointer(join(root, '.git'), /^gitdir: *(\S.*?) *$/m);
  return found === null ? null : realPath(resolve(root, found));
}

function commonDirectory(own: string): string | null {
  const found = pointer(join(own, 'commondir'), /^(\S.*?) *$/m);
  return found === null ? null : realPath(resolve(own, found));
}

/** The work tree that a submodule's configuration names. */
function workTreeIn(dir: string): string | null {
  const found = pointer(join(dir, 'config'), /^\s*worktree *= *"?(\S.*?)"? *$/im, MAX_CONFIG_BYTES);
  return found === null ? null : realPath(resolve(dir, found));
}

function isGitDirectory(dir: string): boolean {
  return PARTS.every((part) => existsSync(join(dir, part)));
}

function pointer(path: string, pattern: RegExp, maxBytes = MAX_POINTER_BYTES): string | null {
  try {
    return pattern.exec(readFileStart(path, { maxBytes }).bytes.toString('utf8'))?.[1] ?? null;
  } catch {
    // A directory, or nothing.
    return null;
  }
}

/** Whether this name itself is a directory: a link to one isn't. */
export function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    // There is nothing.
    return false;
  }
}
