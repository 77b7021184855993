import { Socket } from 'node:net';
import { cLibrary } from '../../../foundation/util/index.ts';

/** Both ends of a new pipe; programs inherit neither unless they are given it. */
export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

const O_CLOEXEC = 0o2000000;
const F_SETPIPE_SZ = 1031;
/**
 * What every user may have (`/proc/sys/fs/pipe-max-size`). Some programs end without what a full pipe did not take: Node at
 * `process.exit()`, for one. With the usual 64 KiB the end of a test's report, and with it the failure, is often lost.
 */
const PIPE_BYTES = 1024 * 1024;

interface Calls {
  readonly newPipe: () => Pipe;
  readonly close: (fd: number) => void;
}

let bound: Calls | null = null;

/**
 * A real pipe. What Node makes by itself for a child are sockets, and a program can't open a socket by name:
 * `> /dev/stderr`, `tee /dev/stdout` and the like fail on them.
 * @throws where the C library can't be called, and when descriptors have run out
 */
export function newPipe(): Pipe {
  return calls().newPipe();
}

/** Two of them, for output and errors; null where there are none to be had. Other systems open sockets by name as well. */
export function outputPipes(): readonly [Pipe, Pipe] | null {
  if (process.platform !== 'linux') return null;
  let first: Pipe | null = null;
  try {
    first = newPipe();
    return [first, newPipe()];
  } catch {
    // Sockets serve nearly all commands.
    if (first !== null) for (const fd of [first.readFd, first.writeFd]) closeEnd(fd);
    return null;
  }
}

/** A stream over the reading end; it owns the descriptor from here on. */
export function readerOf({ readFd }: Pick<Pipe, 'readFd'>): Socket {
  return new Socket({ fd: readFd, readable: true, writable: false });
}

/** Node's own would warn, in a thread, of a descriptor that it did not open. */
export function closeEnd(fd: number): void {
  calls().close(fd);
}

function calls(): Calls {
  bound ??= bind();
  return bound;
}

function bind(): Calls {
  const { native, functions } = cLibrary();
  const pipe2 = functions.func('pipe2', 'int', ['void *', 'int']);
  const close = functions.func('close', 'int', ['int']);
  const fcntl = functions.func('fcntl', 'int', ['int', 'int', 'int']);
  const newPipe = () => {
    const ends = new Int32Array(2);
    if (pipe2(ends, O_CLOEXEC) !== 0) throw new Error(`pipe2 failed with error ${native.errno()}`);
    const pipe = { readFd: ends[0] ?? -1, writeFd: ends[1] ?? -1 };
    // Refused where the user has many large pipes: it then stays as small as it is.
    fcntl(pipe.writeFd, F_SETPIPE_SZ, PIPE_BYTES);
    return pipe;
  };
  return { newPipe, close };
}
