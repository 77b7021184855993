import { constants } from 'node:os';
import { cLibrary } from '../../../foundation/util/index.ts';
import { addOwnChild, removeOwnChild } from './own-children.ts';
import { type ExitStatus, exitStatus } from './started-child.ts';

const WNOHANG = 1;
/** Should the news of an end get lost (another handler may have been put in the place of Node's), milliseconds. */
const LOOK_AGAIN_MS = 1_000;
const LOST: ExitStatus = { exitCode: -1, signal: null };

/**
 * Learns how programs ended that Node knows nothing of. One for the process: the signal that reports an end is the
 * process's. Keeps the process alive as long as a program runs, and leaves nothing behind once none does.
 */
export class ChildReaper {
  readonly #waitpid: (...args: unknown[]) => number;
  readonly #running = new Map<number, (status: ExitStatus) => void>();
  readonly #look = () => this.#collect();
  #timer: NodeJS.Timeout | null = null;

  constructor() {
    this.#waitpid = cLibrary().functions.func('waitpid', 'int', ['int', 'void *', 'int']);
  }

  /** Starts a program by `start`, which gives its process id. @throws what that throws */
  follow(start: () => number): { readonly pid: number; readonly exited: Promise<ExitStatus> } {
    // Before the start: the program may have ended when it returns.
    if (this.#running.size === 0) this.#listen();
    try {
      const pid = start();
      const { promise: exited, resolve } = Promise.withResolvers<ExitStatus>();
      this.#running.set(pid, resolve);
      addOwnChild(pid);
      return { pid, exited };
    } finally {
      if (this.#running.size === 0) this.#rest();
    }
  }

  #listen(): void {
    process.on('SIGCHLD', this.#look);
    this.#timer = setInterval(this.#look, LOOK_AGAIN_MS);
  }

  #rest(): void {
    process.off('SIGCHLD', this.#look);
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** One signal may report several ends. Only these programs are waited for: Node collects its own. */
  #collect(): void {
    const status = new Int32Array(1);
    for (const [pid, resolve] of this.#running) {
      const found = this.#waitpid(pid, status, WNOHANG);
      if (found === 0) continue;
      this.#running.delete(pid);
      removeOwnChild(pid);
      resolve(found === pid ? statusOf(status[0] ?? 0) : LOST);
    }
    if (this.#running.size === 0) this.#rest();
  }
}

/** From what wait(2) gives: the signal in the low seven bits, or the exit code in the next byte. */
function statusOf(status: number): ExitStatus {
  const number = status & 0x7f;
  return number === 0 ? exitStatus((status >> 8) & 0xff, null) : exitStatus(null, signalName(number));
}

function signalName(number: number): NodeJS.Signals {
  const names = Object.keys(constants.signals).filter(isSignalName);
  return names.find((name) => constants.signals[name] === number) ?? 'SIGKILL';
}

function isSignalName(name: string): name is NodeJS.Signals {
  return name in constants.signals;
}
