import { existsSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { readFileStart } from '../../foundation/files/index.ts';
import { type BytePath, fromText } from './byte-path.ts';

const MAX_POINTER_BYTES = 16 * 1024;

/** A checkout. All paths are absolute and real. */
export interface Repository {
  /** Root of the work tree. */
  readonly root: string;
  /** With HEAD and the index of this work tree. */
  readonly gitDir: string;
  /** With objects, branches and settings; the same as `gitDir` but in a linked work tree. */
  readonly commonDir: string;
  readonly kind: 'main' | 'linked' | 'submodule';
}

/** The checkout that holds `cwd`, found without running git; null if none does, or only a bare repository. */
export function findRepository(cwd: string): Repository | null {
  let start: string;
  try {
    start = realpathSync(cwd);
  } catch {
    // No such directory, so no repository.
    return null;
  }
  if (start.split(sep).includes('.git')) return null;
  for (let dir = start; ; dir = dirname(dir)) {
    const found = repositoryAt(dir);
    if (found !== null) return found;
    if (dir === dirname(dir)) return null;
  }
}

/** Where `path`, absolute and real, lies in the work tree; null if outside of it. */
export function pathInRepository({ root }: Repository, path: string): BytePath | null {
  const found = relative(root, path);
  if (found === '..' || found.startsWith(`..${sep}`) || isAbsolute(found)) return null;
  return fromText(found.split(sep).join('/'));
}

/** For a git that reads the repository as it is: branches, commits, names of files. Its ownership does not matter, since nothing of it is run. */
export function repositoryPlace({ root, gitDir, commonDir }: Repository): Record<string, string> {
  const place = { GIT_DIR: gitDir, GIT_WORK_TREE: root };
  return commonDir === gitDir ? place : { ...place, GIT_COMMON_DIR: commonDir };
}

function repositoryAt(root: string): Repository | null {
  const entry = join(root, '.git');
  const stats = statsOf(entry);
  if (stats?.isDirectory()) return checked(root, realpathSync(entry), 'main');
  if (!stats?.isFile()) return null;
  const target = /^gitdir: (.+)$/m.exec(textOf(entry) ?? '')?.[1]?.trimEnd();
  if (target === undefined || !existsSync(resolve(root, target))) return null;
  const gitDir = realpathSync(resolve(root, target));
  return checked(root, gitDir, existsSync(join(gitDir, 'commondir')) ? 'linked' : 'submodule');
}

/** git passes over a `.git` that lacks one of these, and so does keel. */
function checked(root: string, gitDir: string, kind: Repository['kind']): Repository | null {
  const pointer = textOf(join(gitDir, 'commondir'))?.trim();
  const common = pointer ? resolve(gitDir, pointer) : gitDir;
  const parts = [join(gitDir, 'HEAD'), join(common, 'objects'), join(common, 'refs')];
  if (!parts.every((part) => existsSync(part))) return null;
  return { root, gitDir, commonDir: realpathSync(common), kind };
}

function textOf(path: string): string | null {
  try {
    return readFileStart(path, { maxBytes: MAX_POINTER_BYTES }).bytes.toString('utf8');
  } catch {
    // Not there or out of reach; git could not use it either.
    return null;
  }
}

function statsOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    // Not there, or out of reach.
    return null;
  }
}
