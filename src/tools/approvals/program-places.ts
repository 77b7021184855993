import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { isProgram, type KnownWays, placesOnTheWay, writableByOthers } from '../../foundation/util/index.ts';
import { baseName, knownBaseName } from './shell/words.ts';

/** The place of a program. */
export interface ProgramPlace {
  /** Absolute: what is started. */
  readonly path: string;
  /** Commands or other users may write it, or a link on the way to it: it may not be the program it seems to be. */
  readonly isWritable: boolean;
}

export interface FindPrograms {
  /** The program of a name or a path; null if there is none, or if that is unknown. */
  find(program: string): ProgramPlace | null;
  /** The names of the files on the way to a program, links included. */
  namesOf(program: string): readonly string[];
  /** Whether shells have it built in. */
  isBuiltin(program: string): boolean;
}

export interface ProgramPlacesOptions {
  /** The PATH that the command will have. */
  readonly searchPath: string;
  /** The command's working directory, absolute. */
  readonly cwd: string;
  /** Directories in which commands may write, real paths. */
  readonly writableRoots: readonly string[];
  /** Ways to programs that were looked at for earlier commands. */
  readonly ways?: KnownWays;
}

/** Built-ins of POSIX: every shell has them. */
const BUILTINS = new Set(
  (
    ': . [ alias bg break cd command continue echo eval exec exit export false fg getopts hash jobs kill printf pwd read ' +
    'readonly return set shift test times trap true type ulimit umask unalias unset wait'
  ).split(' '),
);

/** Looks programs up as the command will. */
export class ProgramPlaces implements FindPrograms {
  readonly #options: ProgramPlacesOptions;

  constructor(options: ProgramPlacesOptions) {
    this.#options = options;
  }

  find(program: string): ProgramPlace | null {
    if (program.includes('/')) {
      const path = resolve(this.#options.cwd, program);
      return isProgram(path) ? { path, isWritable: this.#isWritable(path) } : null;
    }
    if (program === '') return null;
    for (const directory of this.#options.searchPath.split(delimiter)) {
      // A relative entry is another directory after each `cd`.
      if (!isAbsolute(directory)) return null;
      const path = join(directory, program);
      if (isProgram(path)) return { path, isWritable: this.#isWritable(path) };
    }
    return null;
  }

  namesOf(program: string): readonly string[] {
    if (knownBaseName(program) === null || program.startsWith('~')) return [];
    const place = this.find(program);
    return place === null ? [] : namesOnTheWay(place.path);
  }

  isBuiltin(program: string): boolean {
    return BUILTINS.has(program);
  }

  #isWritable(path: string): boolean {
    const { writableRoots: roots, ways } = this.#options;
    return writableByOthers(path, { roots, ...(ways && { wayTo: (program) => ways.to(program) }) }) !== null;
  }
}

/** A link and what it leads to, link by link; the names of directories are left out. */
function namesOnTheWay(path: string): string[] {
  try {
    return [...placesOnTheWay(path)].filter(({ stats }) => !stats.isDirectory()).map((place) => baseName(place.path));
  } catch {
    // It was found and is gone now: only the name in the command line counts.
    return [];
  }
}
