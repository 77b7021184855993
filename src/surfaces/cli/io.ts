import type { Readable, Writable } from 'node:stream';
import { KeelError } from '../../foundation/protocol/index.ts';

/** As if SIGPIPE had ended the program: nobody reads its output any more. */
export const BROKEN_PIPE_EXIT = 141;

/** What a command may use of the process it runs in. */
export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. Reading it throws a KeelError `invalidInput` where the working directory is gone. */
  readonly cwd: string;
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly fd?: number };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean };
}

export function processIo(): CommandIo {
  return {
    env: process.env,
    get cwd() {
      return currentDirectory();
    },
    // Touched only by a command that reads it: a terminal or pipe costs start-up.
    get stdin() {
      return process.stdin;
    },
    stdout: process.stdout,
    stderr: process.stderr,
  };
}

/** Ends the program with its reader. A run sees to it itself, since it has work to end in order. */
export function endWithReader(stream: Writable): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (stream.listenerCount('error') > 1) return;
    if (error.code !== 'EPIPE') throw unwritable(error);
    process.exit(BROKEN_PIPE_EXIT);
  });
}

/** A full disk behind the output, say. */
export function unwritable(cause: Error): KeelError {
  return new KeelError('storageFailed', `the output can't be written: ${cause.message}`, { cause });
}

/** Never another directory in its place: a command would then read and change what nobody meant. */
function currentDirectory(): string {
  try {
    return process.cwd();
  } catch (cause) {
    const name = process.env['PWD'];
    const what = name === undefined ? 'the working directory' : `the working directory ${name}`;
    throw new KeelError(
      'invalidInput',
      `${what} can't be used: it was deleted, or is not readable; change to another one`,
      {
        cause,
      },
    );
  }
}
