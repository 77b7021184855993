import { connect, type Socket } from 'node:net';
import { onAbort, reasonOf } from '../../../foundation/util/index.ts';

/** Milliseconds for one address. */
const LIMIT_MS = 10_000;

/** No address of a destination could be reached. */
export class DialError extends Error {
  override readonly name = 'DialError';
}

/**
 * Connects to the first of some addresses that answers. They are addresses, not names: nothing is looked up here, so that
 * what was judged is what is reached. @throws DialError
 */
export async function dial(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
  let cause: unknown = 'there is no address';
  for (const host of addresses) {
    if (signal.aborted) break;
    try {
      return await dialOne(host, port, signal);
    } catch (error) {
      cause = error;
    }
  }
  throw new DialError(signal.aborted ? 'aborted' : reasonOf(cause), { cause });
}

async function dialOne(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const stop = () => socket.destroy(new Error(signal.aborted ? 'aborted' : 'no answer in time'));
  const timer = setTimeout(stop, LIMIT_MS);
  using _abort = onAbort(signal, stop);
  socket.once('error', reject);
  socket.once('connect', () => {
    socket.off('error', reject);
    resolve(socket);
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}
