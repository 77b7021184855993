import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readFileStart } from '../../../foundation/files/index.ts';
import { type Table, valueAt } from './layer.ts';
import type { ConfigFile } from './schema.ts';

const MAX_POINTER_BYTES = 16 * 1024;

/**
 * The folder that the user trusts, with what is below it down to `cwd`: that itself, or the top of its work tree. Null: the
 * user trusts none.
 */
export function trustedFolder(cwd: string, settings: Table): string | null {
  if (projectTrust(cwd, settings) !== 'trusted') return null;
  return valueAt(settings, ['projects', cwd, 'trust_level']) === undefined ? repositoryRoot(cwd) : cwd;
}

/** The nearest directory that holds a `.git`, from `cwd` upwards; `cwd` where none does. */
export function repositoryRoot(cwd: string): string {
  for (let dir = cwd; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git'))) return dir;
    if (dir === dirname(dir)) return cwd;
  }
}

/**
 * What the user said of the project that a directory belongs to: of itself, or of the main checkout of its repository.
 * Null: nothing yet.
 */
export function projectTrust(cwd: string, settings: Table): 'trusted' | 'untrusted' | null {
  const checkout = mainCheckout(cwd);
  const levels = [cwd, ...(checkout === null ? [] : [checkout])].map((dir) =>
    valueAt(settings, ['projects', dir, 'trust_level']),
  );
  const level = levels.find((said) => said !== undefined);
  return level === 'trusted' || level === 'untrusted' ? level : null;
}

/** The folder that an answer about a directory's project is recorded for: the main checkout of its repository, or itself. */
export function trustPlace(cwd: string): string {
  return mainCheckout(cwd) ?? cwd;
}

/** Settings that make the project of a directory a trusted one. `below`: the layers below, merged. */
export function trustSettings(cwd: string, below: Table): Pick<ConfigFile, 'projects'> {
  // What was said of the directory itself comes before what was said of its repository.
  const place = valueAt(below, ['projects', cwd]) === undefined ? trustPlace(cwd) : cwd;
  return { projects: { [place]: { trust_level: 'trusted' } } };
}

/** The folder that holds the repository's common git directory: a work tree shares the main checkout's. */
function mainCheckout(cwd: string): string | null {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const git = join(dir, '.git');
    if (existsSync(git)) return dirname(commonDir(git));
    if (dir === dirname(dir)) return null;
  }
}

/**
 * Follows the `.git` file of a work tree, if the repository knows of that work tree: anybody can write a file that names a
 * project you trust. Files only: git itself is not run on a project nobody has judged yet.
 */
function commonDir(git: string): string {
  try {
    if (statSync(git).isDirectory()) return git;
    const gitDir = realpathSync(resolve(dirname(git), pointerIn(git).replace(/^gitdir:\s*/, '')));
    const common = realpathSync(resolve(gitDir, pointerIn(join(gitDir, 'commondir'))));
    const known = realpathSync(resolve(gitDir, pointerIn(join(gitDir, 'gitdir'))));
    return dirname(gitDir) === join(common, 'worktrees') && known === realpathSync(git) ? common : git;
  } catch {
    // Not the files git makes: the folder counts as its own repository.
    return git;
  }
}

function pointerIn(path: string): string {
  return readFileStart(path, { maxBytes: MAX_POINTER_BYTES }).bytes.toString('utf8').trim();
}
