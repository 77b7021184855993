import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { realPath } from './real-path.ts';

/** Directly below a writable root these stay as they are: whoever writes them decides what runs later. */
const PROTECTED_NAMES = ['.git', '.keel', '.agents', '.codex'];
const MAX_POINTER_BYTES = 4_096;

/**
 * What stays as it is below a writable root, by its own name and by where that leads; with a `.git` file, also the
 * directory it points to.
 */
export function protectedPaths(root: string): readonly string[] {
  const named = PROTECTED_NAMES.map((name) => join(root, name));
  const pointed = gitDirectory(root);
  return [...named, ...named.map((path) => realPath(path)), ...(pointed === null ? [] : [realPath(pointed)])];
}

/** Where the `.git` file of a linked work tree says that its repository is. */
function gitDirectory(root: string): string | null {
  try {
    const text = readFileSync(join(root, '.git'), 'utf8').slice(0, MAX_POINTER_BYTES);
    const target = /^gitdir: *(\S.*?) *$/m.exec(text)?.[1];
    return target === undefined ? null : resolve(root, target);
  } catch {
    // A directory, or nothing.
    return null;
  }
}
