import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, sep } from 'node:path';

/** A program that may be started outside the sandbox. */
export interface FoundProgram {
  /** Absolute. */
  readonly path: string;
  /** A PATH without the directories that were passed over. */
  readonly searchPath: string;
}

/**
 * Finds a program in PATH, but in no directory of the work tree: `npm run` and the like put `node_modules/.bin` first, where
 * a command may write a `git` of its own, which keel would then run outside the sandbox. Null if there is none.
 */
export function findProgram(name: string, searchPath: string, workTree: string): FoundProgram | null {
  const directories = searchPath.split(delimiter).filter((directory) => isTrusted(directory, workTree));
  const fileName = process.platform === 'win32' ? `${name}.exe` : name;
  const path = directories.map((directory) => join(directory, fileName)).find((file) => isProgram(file, workTree));
  return path === undefined ? null : { path, searchPath: directories.join(delimiter) };
}

function isTrusted(directory: string, workTree: string): boolean {
  // A relative entry means another directory wherever the program stands.
  if (!isAbsolute(directory)) return false;
  const real = realPath(directory);
  return real !== null && !isBelow(real, workTree);
}

function isProgram(file: string, workTree: string): boolean {
  const real = realPath(file);
  if (real === null || isBelow(real, workTree)) return false;
  try {
    accessSync(real, constants.X_OK);
    return statSync(real).isFile();
  } catch {
    // Not one that can be started: PATH goes on.
    return false;
  }
}

function isBelow(path: string, directory: string): boolean {
  return directory !== sep && (path === directory || path.startsWith(directory + sep));
}

function realPath(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    // Most PATHs name directories that don't exist.
    return null;
  }
}
