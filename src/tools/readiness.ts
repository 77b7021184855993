import { Deferred } from '../util/index.ts';

/** What a party to a `Readiness` holds; it stands for nothing else. */
export type ReadinessToken = symbol;

/**
 * A flag that goes up once and stays up: calls wait for it while something has to come before them. It goes up when the
 * first of those who hold it down lets go; with nobody holding it, it is up as soon as anyone asks.
 */
export class Readiness {
  readonly #tokens = new Set<ReadinessToken>();
  readonly #ready = new Deferred<void>();
  #isReady = false;

  /** Holds the flag down until the token is given to `markReady`. Null: it is up already. */
  subscribe(): ReadinessToken | null {
    if (this.#isReady) return null;
    const token = Symbol('readiness');
    this.#tokens.add(token);
    return token;
  }

  /** @returns false for a token that isn't of this flag, and when the flag was up before */
  markReady(token: ReadinessToken): boolean {
    if (!this.#tokens.has(token)) return false;
    this.#raise();
    return true;
  }

  get isReady(): boolean {
    if (this.#tokens.size === 0) this.#raise();
    return this.#isReady;
  }

  /** @returns false if the signal aborted first */
  async wait(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.isReady) return true;
    const aborted = Promise.withResolvers<boolean>();
    const onAbort = () => aborted.resolve(false);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#ready.promise.then(() => true), aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #raise(): void {
    this.#isReady = true;
    this.#tokens.clear();
    this.#ready.resolve();
  }
}
