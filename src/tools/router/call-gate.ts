import { Deferred, onAbort } from '../../foundation/util/index.ts';

type Mode = 'shared' | 'exclusive';

interface Waiter {
  readonly mode: Mode;
  readonly admitted: Deferred<boolean>;
}

/**
 * Lets calls that only read run side by side and every other call alone, first come first served: a waiting exclusive call
 * blocks the shared ones that came after it.
 */
export class CallGate {
  readonly #waiting: Waiter[] = [];
  #shared = 0;
  #exclusive = false;

  /**
   * Runs `work` when its turn comes. An abort while it waits takes it out of the queue.
   * @returns null if it was aborted before it started
   */
  async run<T>(mode: Mode, signal: AbortSignal, work: () => Promise<T>): Promise<T | null> {
    if (!(await this.#enter(mode, signal))) return null;
    try {
      return await work();
    } finally {
      if (mode === 'shared') this.#shared -= 1;
      else this.#exclusive = false;
      this.#admit();
    }
  }

  async #enter(mode: Mode, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const waiter: Waiter = { mode, admitted: new Deferred<boolean>() };
    this.#waiting.push(waiter);
    this.#admit();
    const abandon = () => {
      const at = this.#waiting.indexOf(waiter);
      if (at === -1) return;
      this.#waiting.splice(at, 1);
      waiter.admitted.resolve(false);
      this.#admit();
    };
    using _listener = onAbort(signal, abandon);
    return await waiter.admitted.promise;
  }

  #admit(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.mode); next = this.#waiting[0]) {
      this.#waiting.shift();
      if (next.mode === 'shared') this.#shared += 1;
      else this.#exclusive = true;
      next.admitted.resolve(true);
    }
  }

  #fits(mode: Mode): boolean {
    return !this.#exclusive && (mode === 'shared' || this.#shared === 0);
  }
}
