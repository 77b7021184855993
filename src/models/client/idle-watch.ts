/**
 * Aborts a request whose server is silent for too long, or whose caller gives up. Only time spent waiting counts, so a
 * reader that takes its time over an event is not taken for a silent server. Dispose it when the request is over.
 */
export class IdleWatch implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #onOuterAbort = () => this.#controller.abort(this.#outer.reason);
  #isWaiting = true;
  #hasExpired = false;

  /** Counts from now on. */
  constructor(idleMs: number, outer: AbortSignal) {
    this.#outer = outer;
    this.#timer = setTimeout(() => this.#expire(), idleMs);
    if (outer.aborted) this.#onOuterAbort();
    else outer.addEventListener('abort', this.#onOuterAbort, { once: true });
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
    this.#outer.removeEventListener('abort', this.#onOuterAbort);
  }

  #expire(): void {
    if (!this.#isWaiting) return;
    this.#hasExpired = true;
    this.#controller.abort(new Error('idle timeout'));
  }
}
