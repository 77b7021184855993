import { Deferred, onAbort } from '../../../foundation/util/index.ts';

/** Wakes whoever waits for a change; they look at the change themselves. */
export class Signals {
  readonly #waiting = new Set<Deferred<void>>();

  wake(): void {
    const woken = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of woken) waiter.resolve();
  }

  /** Resolves with the next `wake`, or when `signal` aborts. */
  async next(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const waiter = new Deferred<void>();
    this.#waiting.add(waiter);
    using _listener = onAbort(signal, () => waiter.resolve());
    try {
      await waiter.promise;
    } finally {
      this.#waiting.delete(waiter);
    }
  }
}
