import { readFileSync, type Stats, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** A configuration is far smaller; a bigger one is not looked through. */
const MAX_CONFIG_BYTES = 256 * 1024;
/**
 * Sections through which a repository has git run a program to compare files, or take settings from elsewhere. A header may
 * stand anywhere in a line; a false alarm only costs a fact.
 */
const RUNS_PROGRAMS = /\[\s*(?:filter|include|includeif)\b/i;

/** The git directory of the checkout that holds `cwd`; null if none does. */
export function repositoryDirectory(cwd: string): string | null {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const entry = join(dir, '.git');
    const stats = statsOf(entry);
    if (stats?.isDirectory()) return entry;
    if (stats?.isFile()) return resolve(dir, pointer(entry, /^gitdir: (.+)$/m) ?? '.git');
    if (dir === dirname(dir)) return null;
  }
}

/**
 * Whether a look at this repository could make git run what the repository itself names: its own filters can't be switched
 * off by an option, so git is then not asked at all.
 */
export function namesPrograms(gitDirectory: string): boolean {
  const common = resolve(gitDirectory, pointer(join(gitDirectory, 'commondir'), /^(.+)$/m) ?? '.');
  const files = [join(common, 'config'), join(gitDirectory, 'config.worktree')];
  return files.some((file) => {
    const text = textOf(file);
    return text !== null && RUNS_PROGRAMS.test(text);
  });
}

function pointer(file: string, pattern: RegExp): string | null {
  return pattern.exec(textOf(file) ?? '')?.[1] ?? null;
}

/** Null for what can't be read; a text beyond the bound counts as one that names programs. */
function textOf(path: string): string | null {
  const stats = statsOf(path);
  if (!stats?.isFile()) return null;
  if (stats.size > MAX_CONFIG_BYTES) return '[filter';
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Nor can git read it then; it will say so by failing.
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
