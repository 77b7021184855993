import { statSync } from 'node:fs';
import { reasonOf } from '../../../foundation/util/index.ts';
import type { SpawnSpec } from './spawn-spec.ts';

/** Why a program could not be started, in words that say what to change. */
export function describeSpawnFailure(error: unknown, spec: SpawnSpec): string {
  const program = spec.argv[0] ?? '';
  const place = faultOfPlace(spec.cwd);
  if (place !== null) return place;
  switch (codeOf(error)) {
    case 'ENOENT':
      return missingProgram(program);
    case 'EACCES':
      return unrunnableProgram(program);
    case 'ENOEXEC':
      return `${program}: not a program this machine can run`;
    case 'E2BIG':
      return `${program}: the arguments are too long; put the text into a file and pass that`;
    case 'ERR_INVALID_ARG_VALUE':
      return `${program}: an argument, the directory or the environment contains a zero byte`;
    default:
      return `${program}: ${reasonOf(error)}`;
  }
}

export function missingProgram(program: string): string {
  return program.includes('/')
    ? `${program}: no such program, or the interpreter its first line names is missing`
    : `${program}: not found in PATH`;
}

export function unrunnableProgram(program: string): string {
  return `${program}: not an executable file, or not permitted to run it`;
}

/** The system reports a missing directory as a missing program. */
export function faultOfPlace(cwd: string): string | null {
  try {
    return statSync(cwd).isDirectory() ? null : `the working directory ${cwd} is not a directory`;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return `the working directory ${cwd} does not exist`;
    return null;
  }
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
