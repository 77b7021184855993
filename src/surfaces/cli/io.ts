import { fstatSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setImmediate as immediate } from 'node:timers/promises';
import { KeelError } from '../../foundation/protocol/index.ts';

/** The exit code of a program that SIGPIPE ended: the reader of its output is gone. */
export const BROKEN_PIPE_EXIT = 141;

/** What a command may use of the process it runs in. */
export interface CommandIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. Reading it throws a KeelError `invalidInput` where the working directory is gone. */
  readonly cwd: string;
  readonly stdin: Readable & {
    readonly isTTY?: boolean;
    readonly fd?: number;
    /** Only a terminal has it. */
    setRawMode?(isRaw: boolean): unknown;
  };
  /** Its descriptor, for those who look what it is before they read it; absent: it is no file of the process. */
  readonly stdinFd?: number;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly fd?: number; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly fd?: number };
}

export function processIo(): CommandIo {
  return {
    env: process.env,
    get cwd() {
      return currentDirectory();
    },
    // A getter: opening it takes up to a fiftieth of a start, and few commands read it.
    get stdin() {
      return process.stdin;
    },
    stdinFd: 0,
    stdout: process.stdout,
    stderr: process.stderr,
  };
}

/** All of standard input, as text. */
export async function readInput({ stdin }: Pick<CommandIo, 'stdin'>): Promise<string> {
  let text = '';
  for await (const chunk of stdin) text += String(chunk);
  return text;
}

/** Whether standard output and standard error are read in one place: a terminal, a file, or `2>&1`. */
export function isOneOutput({ stdout, stderr }: CommandIo): boolean {
  if (stdout.isTTY && stderr.isTTY) return true;
  if (stdout.fd === undefined || stderr.fd === undefined) return false;
  const [out, err] = [fstatSync(stdout.fd), fstatSync(stderr.fd)];
  return out.dev === err.dev && out.ino === err.ino;
}

/** Ends the program when its reader is gone. A run adds its own listener, since it has work to end in order. */
export function endWithReader(stream: Writable): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (stream.listenerCount('error') > 1) return;
    if (error.code !== 'EPIPE') throw unwritable(error);
    process.exit(BROKEN_PIPE_EXIT);
  });
}

/** Resolves once the system has everything that was written to the stream, and listeners know of what it refused. */
export async function written(stream: Writable): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (stream.writableLength === 0 || stream.destroyed) resolve();
  else stream.write('', () => resolve());
  await promise;
  await immediate();
}

/** The output can't be written, for example because its disk is full. */
export function unwritable(cause: Error): KeelError {
  return new KeelError('storageFailed', `the output can't be written: ${cause.message}`, { cause });
}

/** Falls back to no other directory: a command would read and change files that nobody meant. */
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
