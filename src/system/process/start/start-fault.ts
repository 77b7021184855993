import { closeSync, constants, existsSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isProgram } from '../../../foundation/util/index.ts';
import { faultOfPlace, missingProgram, unrunnableProgram } from './spawn-failure.ts';
import type { SpawnSpec } from './spawn-spec.ts';

/** Why a program can't be started, with the exit code by which shells say so. */
export interface StartFault {
  /** 127: it is not there. 126: it is no program, or may not be run (POSIX, "Exit Status for Commands"). */
  readonly exitCode: 126 | 127;
  readonly message: string;
}

/** Where execvp(3) looks without a PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';
/** The longest first line of a script that Linux reads (BINPRM_BUF_SIZE). */
const FIRST_LINE_BYTES = 256;

/**
 * Looks whether a program can be started, as execvp(3) will find it; null if so. What wraps a command (bubblewrap) reports a
 * missing program in words and with an exit code of its own: looked at beforehand, it is the same everywhere.
 */
export function startFault({ argv, cwd, env }: Pick<SpawnSpec, 'argv' | 'cwd' | 'env'>): StartFault | null {
  const place = faultOfPlace(cwd);
  if (place !== null) return { exitCode: 126, message: place };
  const [program = ''] = argv;
  const dirs = program.includes('/') ? [''] : (env['PATH'] ?? DEFAULT_PATH).split(':');
  const places = dirs.map((dir) => resolve(cwd, dir, program));
  const runnable = places.find(isProgram);
  if (runnable !== undefined && (binaries.has(runnable) || hasInterpreter(runnable, cwd))) return null;
  const isThere =
    places.some((path) => statOf(path)?.isFile()) || (program.includes('/') && statOf(resolve(cwd, program)) !== null);
  if (runnable === undefined && isThere) return { exitCode: 126, message: unrunnableProgram(program) };
  return { exitCode: 127, message: missingProgram(program) };
}

/** Programs that were no scripts, such as the shell of every command. Should one have become a script, only a message is lost. */
const binaries = new Set<string>();

/** A script names the program that reads it in its first line. */
function hasInterpreter(path: string, cwd: string): boolean {
  const [, interpreter] = /^#![ \t]*([^\s]+)/.exec(startOf(path)) ?? [];
  if (interpreter !== undefined) return existsSync(resolve(cwd, interpreter));
  binaries.add(path);
  return true;
}

function startOf(path: string): string {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(FIRST_LINE_BYTES);
      return bytes.toString('latin1', 0, readSync(fd, bytes));
    } finally {
      closeSync(fd);
    }
  } catch {
    // A program that may be run and not read.
    return '';
  }
}

function statOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch {
    // A part of the path is not a directory, or may not be entered.
    return null;
  }
}
