import { join } from 'node:path';
import { readRegularFile } from '../util/index.ts';
import type { Repository } from './repository.ts';

/** A configuration is far smaller; a bigger one is not looked through. */
const MAX_CONFIG_BYTES = 256 * 1024;
/**
 * Sections through which a repository has git run a program to compare files, or take settings from elsewhere. A header may
 * stand anywhere in a line; a false alarm only costs a fact.
 */
const RUNS_PROGRAMS = /\[\s*(?:filter|include|includeif)\b/i;

/** Whether a look at this repository's files could make git run what the repository itself names. */
export function namesPrograms({ gitDir, commonDir }: Repository): boolean {
  return [join(commonDir, 'config'), join(gitDir, 'config.worktree')].some((file) => {
    const text = textOf(file);
    return text === null || RUNS_PROGRAMS.test(text);
  });
}

/** Null for what is too much to look through; empty for what is not there or out of git's reach as well. */
function textOf(path: string): string | null {
  try {
    const bytes = readRegularFile(path, MAX_CONFIG_BYTES + 1);
    return bytes.length > MAX_CONFIG_BYTES ? null : bytes.toString('utf8');
  } catch {
    return ''; // git can't read it either, and will say so by failing
  }
}
