import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { createServer, Server } from 'node:net';
import { reasonOf } from '../../../foundation/util/index.ts';
import type { Processes } from '../../process/index.ts';

export interface NamespaceOptions {
  readonly processes: Processes;
  /** Absolute path of bubblewrap. */
  readonly bwrap: string;
  readonly signal: AbortSignal;
}

/** A network namespace without any way out, and the one server in it, which keel serves from outside. */
export interface NetworkNamespace {
  /** Listens on 127.0.0.1 in there. Whoever takes it closes it. */
  readonly server: Server;
  readonly port: number;
  /** Words before a command line that start it in there. */
  readonly enter: readonly string[];
  /** The namespace is gone when this was called and all that was started in it has ended. */
  close(): void;
}

export type OpenedNamespace =
  | { readonly type: 'namespace'; readonly namespace: NetworkNamespace }
  | { readonly type: 'fails'; readonly cause: string };

/** Where proxies usually are; nothing else listens in there. */
const PORT = 3128;
const LIMIT_MS = 5_000;
const NSENTER = ['/usr/bin/nsenter', '/bin/nsenter'];

/**
 * Runs in the new namespace: listens, hands the socket out, and ends when it was taken. A socket stays in the namespace it
 * was made in, so that nothing has to run there to pass bytes on.
 */
const HELPER = `
const server = require('node:net').createServer();
process.on('message', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
server.on('error', (error) => process.send({ fault: error.message }));
server.listen(${PORT}, '127.0.0.1', () => process.send({ pid: process.pid }, server));
`;

/** Opens a namespace. What is needed for it runs for a moment only. */
export async function openNetworkNamespace({ processes, bwrap, signal }: NamespaceOptions): Promise<OpenedNamespace> {
  const nsenter = NSENTER.find(isExecutable);
  if (nsenter === undefined) return fails('nsenter is not installed (Debian, Ubuntu: package util-linux)');
  const holder = ['--die-with-parent', '--unshare-user', '--unshare-net', '--dev-bind', '/', '/'];
  const argv = [bwrap, ...holder, '--', process.execPath, '-e', HELPER];
  const spec = { argv, cwd: '/', env: { PATH: '/usr/bin:/bin' } };
  let child: ChildProcess;
  try {
    child = processes.spawn(spec, processes.newMark(), ['ipc', 'ignore', 'pipe']);
  } catch (error) {
    return fails(reasonOf(error));
  }
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LIMIT_MS)]);
  let errors = '';
  child.stderr?.on('data', (chunk) => {
    errors += String(chunk);
  });
  const ended = once(child, 'close').then(() => null);
  try {
    const received = await Promise.race([once(child, 'message', { signal: limit }), ended]);
    const [message, handle]: readonly unknown[] = received ?? [];
    const pid = pidIn(message);
    if (!(handle instanceof Server) || pid === null) return fails(errors.trim().slice(0, 200) || 'it gave no server');
    return { type: 'namespace', namespace: await namespaceOf(pid, handle, nsenter) };
  } catch (error) {
    return fails(reasonOf(error));
  } finally {
    if (child.pid !== undefined) processes.kill(child.pid);
    if (child.connected) child.disconnect();
  }
}

/** The namespaces exist as long as keel has them open. */
async function namespaceOf(pid: number, handle: Server, nsenter: string): Promise<NetworkNamespace> {
  const kept = namespacesOf(pid, handle);
  const server = createServer({ allowHalfOpen: true });
  server.listen(handle);
  await once(server, 'listening');
  const ways = kept.map(({ kind, fd }) => `--${kind}=/proc/${process.pid}/fd/${fd}`);
  return {
    server,
    port: PORT,
    enter: [nsenter, ...ways, '--preserve-credentials', '--'],
    close() {
      for (const { fd } of kept) closeSync(fd);
    },
  };
}

function namespacesOf(pid: number, handle: Server) {
  try {
    return ['user', 'net'].map((kind) => ({ kind, fd: openSync(`/proc/${pid}/ns/${kind}`, 'r') }));
  } catch (error) {
    handle.close();
    throw error;
  }
}

function pidIn(message: unknown): number | null {
  if (typeof message !== 'object' || message === null || !('pid' in message)) return null;
  return typeof message.pid === 'number' ? message.pid : null;
}

function fails(cause: string): OpenedNamespace {
  return { type: 'fails', cause };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not a program.
    return false;
  }
}
