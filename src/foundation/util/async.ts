/** A promise with its settle functions, for a value that another part of the program provides. */
export class Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.promise = promise;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/**
 * Calls `listener` once when `signal` aborts, at once if it already has. Dispose of the result when the wait is over: a signal
 * that lives long would keep the listener.
 */
export function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) };
}

/** Waits for `work`, but no longer than `ms`, nor until `signal` aborts: then null. The work itself continues. */
export async function within<T>(work: Promise<T>, ms: number, signal?: AbortSignal): Promise<T | null> {
  const over = Promise.withResolvers<null>();
  const end = () => over.resolve(null);
  const timer = setTimeout(end, ms);
  using _listener = signal === undefined ? null : onAbort(signal, end);
  try {
    return await Promise.race([work, over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits for `work`; once `signal` aborts, `instead` is the result. The work itself continues, and what it throws then is ignored. */
export async function unlessAborted<T, A>(work: Promise<T>, signal: AbortSignal, instead: A): Promise<T | A> {
  const aborted = Promise.withResolvers<A>();
  using _listener = onAbort(signal, () => aborted.resolve(instead));
  return await Promise.race([work, aborted.promise]);
}

/**
 * Waits for `work`, but no longer than until `signal` aborts. The work itself continues; what it then gives or throws is ignored.
 * @throws what `work` throws, or the reason of the signal
 */
export async function raceAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  using _listener = onAbort(signal, () => aborted.reject(signal.reason));
  return await Promise.race([work, aborted.promise]);
}
