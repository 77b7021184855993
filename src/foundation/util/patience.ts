/** A wait is counted in this number of parts. */
const TICKS = 10;

/**
 * A time that somebody has to answer in, each part of it counted when this process gets to it: where this process is slow since its
 * machine is busy or was suspended, or was stopped itself, the other one may not have been asked yet, or its answer not have been
 * read. No change of the system's clock moves it.
 */
export class Patience implements Disposable {
  readonly #late = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #left = TICKS;
  #isPaused = false;

  /** @param ms from now on, and again from each `refresh` */
  constructor(ms: number) {
    this.#timer = setInterval(() => {
      if (this.#isPaused) return;
      this.#left -= 1;
      if (this.#left === 0) this.#late.abort(new TypeError(`nothing came for ${ms} ms`));
    }, ms / TICKS);
  }

  /** Aborts when the time is used up. */
  get signal(): AbortSignal {
    return this.#late.signal;
  }

  /** Until `refresh` nothing need come. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Starts the time again. */
  refresh(): void {
    this.#isPaused = false;
    this.#left = TICKS;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
