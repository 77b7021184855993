import { lookup } from 'node:dns/promises';
import { raceAbort } from '../../../foundation/util/index.ts';

/** Every address of a name. Rejects if it has none, or when `signal` aborts. */
export type Resolver = (name: string, signal: AbortSignal) => Promise<readonly string[]>;

const LIMIT_MS = 10_000;

/** Resolves as the system does: hosts file, search order and all. */
export const systemResolver: Resolver = async (name, signal) => {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  limit.throwIfAborted();
  // The system's look-up can't be stopped; whoever waits for it can.
  const found = await raceAbort(lookup(name, { all: true, order: 'verbatim' }), limit);
  return found.map(({ address }) => address);
};
