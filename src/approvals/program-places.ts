import { accessSync, constants, readlinkSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { baseName, knownBaseName } from './words.ts';

/** Where a program lies. */
export interface ProgramPlace {
  /** Absolute: what is started. */
  readonly path: string;
  /** Commands may write it, or a link on the way to it: anybody may have put it there. */
  readonly isOpen: boolean;
}

export interface FindPrograms {
  /** Where a name or a path leads; null if nowhere, or if that can't be told. */
  find(program: string): ProgramPlace | null;
  /** What the files on the way to a program are called, links included. */
  namesOf(program: string): readonly string[];
  /** A shell runs it by itself. */
  isBuiltin(program: string): boolean;
}

export interface ProgramPlacesOptions {
  /** The PATH that the command will have. */
  readonly searchPath: string;
  /** Where the command starts. Absolute. */
  readonly cwd: string;
  /** Directories that commands may write below, real paths. */
  readonly openRoots: readonly string[];
}

/** Of POSIX: every shell has them. */
const BUILTINS = new Set(
  (
    ': . [ alias bg break cd command continue echo eval exec exit export false fg getopts hash jobs kill printf pwd read ' +
    'readonly return set shift test times trap true type ulimit umask unalias unset wait'
  ).split(' '),
);
const MAX_LINKS = 16;

/** Looks programs up as the command will. */
export class ProgramPlaces implements FindPrograms {
  readonly #options: ProgramPlacesOptions;

  constructor(options: ProgramPlacesOptions) {
    this.#options = options;
  }

  find(program: string): ProgramPlace | null {
    if (program.includes('/')) {
      const path = resolve(this.#options.cwd, program);
      return isProgram(path) ? { path, isOpen: this.#isOpen(path) } : null;
    }
    if (program === '') return null;
    for (const directory of this.#options.searchPath.split(delimiter)) {
      // A relative entry is another directory wherever the command has gone to.
      if (!isAbsolute(directory)) return null;
      const path = join(directory, program);
      if (isProgram(path)) return { path, isOpen: this.#isOpen(path) };
    }
    return null;
  }

  namesOf(program: string): readonly string[] {
    if (knownBaseName(program) === null || program.startsWith('~')) return [];
    const place = this.find(program);
    return place === null ? [] : filesOf(place.path).map(baseName);
  }

  isBuiltin(program: string): boolean {
    return BUILTINS.has(program);
  }

  #isOpen(path: string): boolean {
    return filesOf(path).some((file) => {
      const real = realDirectoryOf(file);
      // A directory's name may itself be a link that commands can turn elsewhere.
      return real === null || this.#options.openRoots.some((root) => isInside(real, root) || isInside(file, root));
    });
  }
}

/** A file and what it leads to, link by link. */
function filesOf(path: string): string[] {
  const files = [path];
  for (let file = path; files.length < MAX_LINKS; ) {
    const target = linkTarget(file);
    if (target === null) return files;
    file = resolve(dirname(file), target);
    files.push(file);
  }
  return files;
}

function linkTarget(file: string): string | null {
  try {
    return readlinkSync(file);
  } catch {
    // It is no link.
    return null;
  }
}

function realDirectoryOf(file: string): string | null {
  try {
    return realpathSync(dirname(file));
  } catch {
    // Out of reach, so nothing is known of it.
    return null;
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root === sep ? sep : root + sep);
}
