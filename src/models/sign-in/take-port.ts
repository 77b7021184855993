import { get, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeelError } from '../../foundation/protocol/index.ts';

const LOOPBACK = '127.0.0.1';
const BUSY_TRIES = 10;
const BUSY_WAIT_MS = 200;
const CANCEL_MS = 2_000;

export interface ListenOptions {
  /** Null: any that is free. */
  readonly port: number | null;
  /** What ends a sign-in that has the port. */
  readonly cancelPath: string;
  readonly signal: AbortSignal;
}

/**
 * Listens on the loopback interface; a sign-in that was left waiting on the port is asked to end.
 * @returns the port @throws KeelError `invalidInput` for a port that stays in use, the reason of `signal`
 */
export async function listenOn(server: Server, { port, cancelPath, signal }: ListenOptions): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await listenOnce(server, port ?? 0);
    } catch (cause) {
      const isBusy = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
      if (!isBusy || port === null || tries >= BUSY_TRIES) {
        const what = isBusy ? `port ${port} is in use` : `keel can't listen on port ${port} for the browser`;
        const message = `${what}: end the program that has it, or use --device-code`;
        throw new KeelError('invalidInput', message, { cause });
      }
      if (tries === 1) await cancelOther(port, cancelPath, signal);
      await sleep(BUSY_WAIT_MS, undefined, { signal });
    }
  }
}

async function listenOnce(server: Server, port: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, LOOPBACK, resolve);
  await promise;
  server.off('error', reject);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

async function cancelOther(port: number, path: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const request = get({ host: LOOPBACK, port, path, signal, timeout: CANCEL_MS }, (response) => {
    response.resume();
    resolve();
  });
  request.on('timeout', () => request.destroy());
  request.on('error', () => resolve()); // it is no sign-in: the port stays busy, and that is reported
  await promise;
}
