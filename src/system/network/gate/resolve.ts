import { lookup } from 'node:dns/promises';

/** Every address of a name. Rejects if it has none, or when `signal` aborts. */
export type Resolver = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

const LIMIT_MS = 10_000;

/** As the system resolves names: hosts file, search order and all. */
export const systemResolver: Resolver = async (name, signal) => {
  const found = await orAborted(lookup(name, { all: true, order: 'verbatim' }), signal);
  return found.map(({ address }) => address);
};

/** The system's look-up can't be stopped; whoever waits for it can. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  limit.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(limit.reason);
  limit.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    limit.removeEventListener('abort', onAbort);
  }
}
