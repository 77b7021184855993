import type { Readable, Writable } from 'node:stream';
import { KeelError } from '../../foundation/protocol/index.ts';
import { resolveHome } from '../../storage/config/index.ts';
import { Connection, type Wire } from './connection/connection.ts';
import { LocalMethods } from './methods/local-methods.ts';
import type { Methods } from './methods/method.ts';
import { reviewMethods } from './methods/review.ts';
import type { ServerContext } from './methods/server-settings.ts';
import { historyMethods } from './methods/thread-history.ts';
import { recordMethods } from './methods/thread-records.ts';
import { threadMethods } from './methods/threads.ts';
import { turnMethods } from './methods/turns.ts';
import type { WhenAlone } from './threads/shared-thread.ts';
import { type FleetFront, SharedThreads } from './threads/shared-threads.ts';
import { isLoopback, type ListenAddress, listenAddress } from './transports/listen-address.ts';
import { serveStdio } from './transports/stdio.ts';
import { tokenFile } from './transports/token-file.ts';

export interface AppServerOptions extends Omit<ServerContext, 'folders'> {
  /** `stdio:`, `unix:PATH` or `ws://IP:PORT`. */
  readonly listen: string;
  /** Whether addresses may be listened on that other machines reach. */
  readonly allowRemote: boolean;
  readonly whenAlone: WhenAlone;
  /** Where threads are looked for that are not recorded here; null: nowhere. */
  readonly fleet: FleetFront | null;
  readonly stdin: Readable;
  readonly stdout: Writable;
  /** For people. */
  readonly log: (line: string) => void;
  /** Ends the server and everything that it runs. */
  readonly stop: AbortSignal;
  /** Called once with a function that ends every child process at once, for a process that is about to exit. */
  readonly onExit: (kill: () => void) => void;
}

/**
 * Serves the app server protocol, version 2: to one client on standard input and output, or to several on a socket. Resolves
 * when the input has ended or `stop` aborts; nothing that was started runs then, unless its threads were asked to outlive it.
 * @throws KeelError `invalidInput` for an address that can't be listened on, and what `tokenFile` throws
 */
export async function runAppServer(options: AppServerOptions): Promise<void> {
  const address = listenAddress(options.listen, options.cwd);
  requireLocal(address, options.allowRemote);
  const { log, whenAlone, fleet, stop } = options;
  const home = resolveHome(options.env);
  const clients = new Set<Connection>();
  const broadcast = (method: string, params: object) => {
    for (const client of clients) client.notify(method, params);
  };
  await using threads = new SharedThreads({ home, whenAlone, fleet, broadcast, log });
  await using local = new LocalMethods({ ...options, folders: () => threads.folders });
  options.onExit(() => {
    local.killProcesses();
    threads.killProcesses();
  });
  const methods = { ...local.methods, ...methodsOfThreads({ threads, settings: options, broadcast }) };
  const connect = (wire: Wire) => {
    const client = new Connection({ wire, methods, home, log });
    clients.add(client);
    client.closed.addEventListener('abort', () => clients.delete(client), { once: true });
    return client;
  };
  if (address.type === 'stdio') return await serveStdio({ ...options, connect });
  const { listen } = await import('./transports/listener.ts');
  const file = address.type === 'tcp' ? tokenFile(home) : null;
  await using listener = await listen({ address, token: file?.token ?? null, connect });
  if (file !== null) log(`clients show the token in ${file.path}`);
  log(`listening on ${listener.url}`);
  await aborted(stop);
}

function methodsOfThreads(context: Parameters<typeof threadMethods>[0]): Methods {
  return {
    ...threadMethods(context),
    ...recordMethods(context),
    ...historyMethods(context.threads),
    ...turnMethods(context),
    ...reviewMethods(context),
  };
}

/** @throws KeelError */
function requireLocal(address: ListenAddress, allowRemote: boolean): void {
  if (address.type !== 'tcp' || isLoopback(address.host) || allowRemote) return;
  const advice = 'the connection is not encrypted; use a tunnel, or --allow-remote in a network that you trust';
  throw new KeelError('invalidInput', `--listen ${address.host}: other machines could connect, and ${advice}`);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
