import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, Server } from 'node:net';
import { reasonOf } from '../../../foundation/util/index.ts';
import type { Processes } from '../../process/index.ts';
import type { NetworkNamespace } from './network-namespace.ts';

export type Listening =
  /** Whoever takes the server closes it. */
  { readonly type: 'listening'; readonly server: Server } | { readonly type: 'fails'; readonly cause: string };

const LIMIT_MS = 5_000;

/**
 * Runs in the namespace: listens, hands the socket out, and ends when it was taken. A socket stays in the namespace it
 * was made in, so that nothing has to run there to pass bytes on.
 */
const helper = (port: number) => `
const server = require('node:net').createServer();
process.on('message', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
server.on('error', (error) => process.send({ fault: error.message }));
server.listen(${port}, '127.0.0.1', () => process.send({}, server));
`;

/** A server of keel's that listens on 127.0.0.1 in a namespace. What is needed for it runs for a moment only. */
export async function listenInNamespace(
  { enter }: NetworkNamespace,
  port: number,
  { processes, signal }: { readonly processes: Processes; readonly signal: AbortSignal },
): Promise<Listening> {
  const spec = { argv: [...enter, process.execPath, '-e', helper(port)], cwd: '/', env: { PATH: '/usr/bin:/bin' } };
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
    const handle: unknown = received?.[1];
    if (!(handle instanceof Server)) return fails(errors.trim().slice(0, 200) || 'it gave no server');
    const server = createServer({ allowHalfOpen: true });
    server.listen(handle);
    await once(server, 'listening');
    return { type: 'listening', server };
  } catch (error) {
    return fails(reasonOf(error));
  } finally {
    if (child.pid !== undefined) processes.kill(child.pid);
    if (child.connected) child.disconnect();
  }
}

function fails(cause: string): Listening {
  return { type: 'fails', cause };
}
