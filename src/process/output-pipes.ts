import { execFile } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Pipes made at a time: one run of a helper program makes them for several commands. */
const BATCH = 16;

/** Both ends of a pipe: the reading one for keel, the writing one for a program. */
export interface OutputPipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/**
 * Real pipes for the output of commands. What Node makes by itself for a child are sockets, and a program can't open a
 * socket by name: `> /dev/stderr`, `tee /dev/stdout` and the like fail on them. Node offers no pipe(2), so named pipes are
 * made, opened, and their names removed at once. Linux only; elsewhere opening by name works with sockets too.
 */
export class OutputPipes {
  #free: number[] = [];
  #making: Promise<void> | null = null;
  #isBroken = process.platform !== 'linux';
  #closed = false;

  /** Two pipes, for output and errors. Null where there are none to be had: sockets have to do then. */
  async take(): Promise<readonly [OutputPipe, OutputPipe] | null> {
    // Others may take what was just made.
    while (this.#free.length < 2 && !this.#isBroken && !this.#closed) await this.#refill();
    const [first, second] = [this.#free.pop(), this.#free.pop()];
    if (this.#free.length < 2) void this.#refill();
    if (first === undefined || second === undefined) {
      if (first !== undefined) this.#free.push(first);
      return null;
    }
    return [openedForWriting(first), openedForWriting(second)];
  }

  close(): void {
    this.#closed = true;
    for (const fd of this.#free.splice(0)) closeSync(fd);
  }

  #refill(): Promise<void> {
    if (this.#isBroken || this.#closed) return Promise.resolve();
    this.#making ??= this.#make().finally(() => {
      this.#making = null;
    });
    return this.#making;
  }

  async #make(): Promise<void> {
    try {
      const made = await makePipes();
      if (this.#closed) for (const fd of made) closeSync(fd);
      else this.#free.push(...made);
    } catch {
      // No mkfifo, no room, no rights in the temporary directory: commands work with sockets as well, nearly all of them.
      this.#isBroken = true;
    }
  }
}

/** A stream over the reading end; it owns the descriptor from here on. */
export function readerOf({ readFd }: Pick<OutputPipe, 'readFd'>): Socket {
  return new Socket({ fd: readFd, readable: true, writable: false });
}

async function makePipes(): Promise<number[]> {
  const directory = mkdtempSync(join(tmpdir(), 'keel-pipes-'));
  try {
    const names = Array.from({ length: BATCH }, (_, n) => join(directory, String(n)));
    await run('mkfifo', ['-m', '600', ...names], { timeout: 2_000 });
    return names.map((name) => openSync(name, constants.O_RDONLY | constants.O_NONBLOCK));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Opened only when it is used: a pipe whose writing end keel held itself would never come to its end. */
function openedForWriting(readFd: number): OutputPipe {
  return { readFd, writeFd: openSync(`/proc/self/fd/${readFd}`, constants.O_WRONLY) };
}
