import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve, sep } from 'node:path';
import { realPath } from './paths.ts';
import { writableByOthers } from './writable-by-others.ts';

export interface ProgramSearch {
  /** Where names are looked up (PATH), and which directories for temporary files there are (TMPDIR). */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directories in which commands may write, absolute; those for temporary files are added. */
  readonly roots: readonly string[];
}

export type FoundProgram =
  | {
      readonly type: 'found';
      /** Absolute: exactly this is to be started. */
      readonly path: string;
      /** A PATH without the directories that were passed over, for what the program itself starts by name. */
      readonly searchPath: string;
    }
  /** `reason` says where it is and why that doesn't do, or that it isn't anywhere. */
  | { readonly type: 'missing'; readonly reason: string };

/**
 * Finds a program that keel starts itself, outside the sandbox. Commands and other users must not be able to put another one in
 * its place, so a directory of PATH counts only if it is absolute, and if neither it, nor what leads to it, nor the program
 * is in a directory in which commands may write, or can be written by others. `npm run` and virtual environments put directories
 * of the work tree first, for example.
 */
export function findProgram(name: string, search: ProgramSearch): FoundProgram {
  const roots = withTemporary(search);
  const trusted: string[] = [];
  const faults: string[] = [];
  let path: string | null = null;
  for (const directory of new Set((search.env['PATH'] ?? '').split(delimiter))) {
    // A relative or empty entry means another directory for each working directory.
    if (!isAbsolute(directory)) continue;
    const file = join(directory, process.platform === 'win32' ? `${name}.exe` : name);
    if (writableByOthers(directory, { roots }) !== null) {
      if (isProgram(file)) faults.push(writableByOthers(directory, { roots }) ?? directory);
      continue;
    }
    trusted.push(directory);
    if (path !== null || !isProgram(file)) continue;
    const fault = writableByOthers(file, { roots });
    if (fault === null) path = file;
    else faults.push(fault);
  }
  if (path !== null) return { type: 'found', path, searchPath: trusted.join(delimiter) };
  const [fault] = faults;
  return { type: 'missing', reason: fault === undefined ? `${name} is not in PATH` : `${name} is not used: ${fault}` };
}

/** Like `findProgram` for a program that settings name, perhaps by a path, which starts at `cwd` (absolute) where it is relative. */
export function findConfiguredProgram(command: string, search: ProgramSearch, cwd: string): FoundProgram {
  if (!command.includes(sep)) return findProgram(command, search);
  const path = resolve(cwd, command);
  const fault = programFault(path, search);
  const { PATH: searchPath = '' } = search.env;
  return fault === null ? { type: 'found', path, searchPath } : { type: 'missing', reason: `${command}: ${fault}` };
}

/** Why a program at a given place must not be started outside the sandbox; null if it may. @param path absolute */
export function programFault(path: string, search: ProgramSearch): string | null {
  if (!isProgram(path)) return `${path} is not a program`;
  return writableByOthers(path, { roots: withTemporary(search) });
}

/** Directories in which commands can write, both as they are named and as they really are. */
function withTemporary({ env, roots }: ProgramSearch): readonly string[] {
  const all = [...roots, '/tmp', env['TMPDIR'] ?? ''].filter((root) => isAbsolute(root));
  return [...new Set(all.flatMap((root) => [root, realPath(root)]))];
}

/** Whether there is a file that this user can start. @param file absolute */
export function isProgram(file: string): boolean {
  try {
    // Most directories of a PATH don't have it, and an exception for each takes longer than to start it.
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    // Not executable, out of reach, or just removed: the search of PATH continues.
    return false;
  }
}
