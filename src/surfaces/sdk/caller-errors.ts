import { KeelError, type SessionEvent } from '../../foundation/protocol/index.ts';

type Method = (...given: never[]) => unknown;

/**
 * What reaches a program is about its call: an error that keel threw has the stack of whoever called, not that of keel's bundle,
 * whose lines are kilobytes long and which Node would print as the place of the fault. Its cause is in the message. A bug of keel's
 * keeps its stack.
 */
export async function forCaller<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw callersError(error, forCaller);
  }
}

/** The same for what `method` does at once. */
export function forCallerOf<T>(method: Method, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw callersError(error, method);
  }
}

/** The same for events that the caller takes one by one. */
export async function* eventsForCaller(
  events: AsyncGenerator<SessionEvent, void, undefined>,
): AsyncGenerator<SessionEvent, void, undefined> {
  try {
    yield* events;
  } catch (error) {
    throw callersError(error, eventsForCaller);
  }
}

/** @param boundary the function on the stack above which everything is keel's */
function callersError(error: unknown, boundary: Method): unknown {
  if (!(error instanceof KeelError) || error.kind === 'internal') return error;
  const { kind, message, retryable, httpStatus, retryAfterMs } = error;
  const shown = new KeelError(kind, message, {
    retryable,
    ...(httpStatus === undefined ? {} : { httpStatus }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  // Node prints the fields of an error after its message. A program reads them all the same.
  for (const name of Object.keys(shown)) Object.defineProperty(shown, name, { enumerable: false });
  Error.captureStackTrace(shown, boundary);
  return shown;
}
