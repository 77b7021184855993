import { monotonicMs } from '../../foundation/util/index.ts';

/** The longest time of Node's timers. */
const MAX_TIMER_MS = 2_147_483_647;

/** A call took longer than it may. */
export class CallTimedOut extends Error {}

export interface CallLimits {
  /** Without a sign of progress. */
  readonly idleMs: number;
  /** In all. */
  readonly totalMs: number;
}

/** The time of one call: progress starts it again, up to a limit in all, and it is paused while the user is asked. */
export class CallClock implements Disposable {
  readonly #abort = new AbortController();
  readonly #idleMs: number;
  #leftMs: number;
  #totalLeftMs: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor({ idleMs, totalMs }: CallLimits) {
    this.#idleMs = idleMs;
    this.#leftMs = idleMs;
    this.#totalLeftMs = totalMs;
    this.resume();
  }

  /** Aborts with `CallTimedOut` when the time is up. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  progressed(): void {
    const isRunning = this.#timer !== null;
    this.pause();
    this.#leftMs = this.#idleMs;
    if (isRunning) this.resume();
  }

  pause(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const gone = monotonicMs() - this.#startedAt;
    this.#leftMs -= gone;
    this.#totalLeftMs -= gone;
  }

  resume(): void {
    if (this.#timer !== null) return;
    this.#startedAt = monotonicMs();
    const ms = Math.max(0, Math.min(this.#leftMs, this.#totalLeftMs, MAX_TIMER_MS));
    this.#timer = setTimeout(() => this.#abort.abort(new CallTimedOut()), ms);
  }

  [Symbol.dispose](): void {
    this.pause();
  }
}
