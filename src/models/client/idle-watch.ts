import { onAbort } from '../../foundation/util/index.ts';

/**
 * Aborts a request whose server is silent for too long, or whose caller gives up. Only time spent waiting counts, so a
 * reader that takes its time over an event is not taken for a silent server. Dispose it when the request is over.
 */
export class IdleWatch implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #listener: Disposable;
  #isWaiting = true;
  #hasExpired = false;

  /** Counts from now on. */
  constructor(idleMs: number, outer: AbortSignal) {
    this.#timer = setTimeout(() => this.#expire(), idleMs);
    this.#listener = onAbort(outer, () => this.#controller.abort(outer.reason));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get hasExpired(): boolean {
    return this.#hasExpired;
  }

  /** Stops the clock while what arrived is processed. */
  pause(): void {
    this.#isWaiting = false;
  }

  /** Restarts the wait. */
  wait(): void {
    this.#isWaiting = true;
    this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#listener[Symbol.dispose]();
  }

  #expire(): void {
    if (!this.#isWaiting) return;
    this.#hasExpired = true;
    this.#controller.abort(new Error('idle timeout'));
  }
}
