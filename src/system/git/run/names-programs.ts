import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readFileStart } from '../../../foundation/files/index.ts';
import { findRepository, type Repository } from '../repository.ts';

/** A configuration is far smaller; a bigger one is not looked through. */
const MAX_CONFIG_BYTES = 256 * 1024;
/**
 * Sections through which a repository has git run a program to compare files, or take settings from elsewhere. A header may
 * be anywhere in a line; a false alarm only costs a fact.
 */
const RUNS_PROGRAMS = /\[\s*(?:filter|include|includeif)\b/i;

/** Whether a configuration names programs that compare files: drivers named by attributes, and a program for all of them. */
const NAMES_DRIVERS = /\[\s*diff\s*["'.]|\b(?:external|command|textconv)\s*=/i;

/** Whether a look at this repository's files could make git run what the repository itself names. */
export function namesPrograms({ gitDir, commonDir }: Repository): boolean {
  return configsOf({ gitDir, commonDir }).some((text) => text === null || RUNS_PROGRAMS.test(text));
}

/**
 * Whether git, started in `directory` with `readingEnvironment`, could still run what the repository there names: filters,
 * drivers for comparing files, settings from elsewhere. So could a bare repository that lies among the files of a project.
 */
export function namesDrivers(directory: string): boolean {
  const repository = findRepository(directory);
  if (holdsBareRepository(directory, repository?.root ?? null)) return true;
  if (repository === null) return false;
  return configsOf(repository).some((text) => text === null || RUNS_PROGRAMS.test(text) || NAMES_DRIVERS.test(text));
}

/** git takes the first directory on the way up that looks like a repository's own. */
function holdsBareRepository(directory: string, root: string | null): boolean {
  let at: string;
  try {
    at = realpathSync(directory);
  } catch {
    // git can't be started there either.
    return false;
  }
  for (; at !== root; at = dirname(at)) {
    if (['HEAD', 'objects', 'refs'].every((name) => existsSync(join(at, name)))) return true;
    if (at === dirname(at)) return false;
  }
  return false;
}

function configsOf({ gitDir, commonDir }: Pick<Repository, 'gitDir' | 'commonDir'>): (string | null)[] {
  return [join(commonDir, 'config'), join(gitDir, 'config.worktree')].map(textOf);
}

/** Null for what is too much to look through; empty for what is not there or out of git's reach as well. */
function textOf(path: string): string | null {
  try {
    const { bytes } = readFileStart(path, { maxBytes: MAX_CONFIG_BYTES + 1 });
    return bytes.length > MAX_CONFIG_BYTES ? null : bytes.toString('utf8');
  } catch {
    return ''; // git can't read it either, and will say so by failing
  }
}
