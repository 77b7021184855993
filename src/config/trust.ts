import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Table, valueAt } from './layer.ts';

/** Whether the user trusts the project that a directory belongs to: itself, or the main checkout of its repository. */
export function isTrusted(cwd: string, settings: Table): boolean {
  const own = valueAt(settings, ['projects', cwd, 'trust_level']);
  if (own !== undefined) return own === 'trusted';
  const checkout = mainCheckout(cwd);
  return checkout !== null && valueAt(settings, ['projects', checkout, 'trust_level']) === 'trusted';
}

/** The folder that holds the repository's common git directory: a work tree shares the main checkout's. */
function mainCheckout(cwd: string): string | null {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const git = join(dir, '.git');
    if (existsSync(git)) return dirname(commonDir(git));
    if (dir === dirname(dir)) return null;
  }
}

/** Follows the `.git` file of a work tree. Files only: git itself is not run on a project nobody has judged yet. */
function commonDir(git: string): string {
  try {
    if (statSync(git).isDirectory()) return git;
    const gitDir = resolve(
      dirname(git),
      readFileSync(git, 'utf8')
        .replace(/^gitdir:\s*/, '')
        .trim(),
    );
    return resolve(gitDir, readFileSync(join(gitDir, 'commondir'), 'utf8').trim());
  } catch {
    // Not the files git makes: the folder stands for itself.
    return git;
  }
}
