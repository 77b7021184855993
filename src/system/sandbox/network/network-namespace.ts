import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { onAbort, reasonOf } from '../../../foundation/util/index.ts';
import { ExecSession, type Processes } from '../../process/index.ts';

export interface NamespaceOptions {
  readonly processes: Processes;
  /** Absolute path of bubblewrap. */
  readonly bwrap: string;
  readonly signal: AbortSignal;
}

/** A network namespace in which there is only its own loopback. It is gone when it is closed and nothing runs in it. */
export interface NetworkNamespace {
  /** Words before a command line that start it in there. */
  readonly enter: readonly string[];
  close(): void;
}

export type OpenedNamespace =
  | { readonly type: 'namespace'; readonly namespace: NetworkNamespace }
  | { readonly type: 'fails'; readonly cause: string };

const LIMIT_MS = 5_000;
const NSENTER = ['/usr/bin/nsenter', '/bin/nsenter'];
/** Reports its process id, and lives for as long as it takes keel to open its namespaces. */
const HOLDER = ['/bin/sh', '-c', `echo $$; exec sleep ${LIMIT_MS / 1_000}`];

/**
 * Makes a namespace. The process that bubblewrap makes it with ends at once: the namespace lives on in descriptors of
 * keel's, so that nothing has to keep running for it.
 */
export async function openNetworkNamespace({ processes, bwrap, signal }: NamespaceOptions): Promise<OpenedNamespace> {
  const nsenter = NSENTER.find(isExecutable);
  if (nsenter === undefined) return fails('nsenter is not installed (Debian, Ubuntu: package util-linux)');
  const flags = ['--die-with-parent', '--unshare-user', '--unshare-net', '--dev-bind', '/', '/'];
  const spec = {
    argv: [bwrap, ...flags, '--', ...HOLDER],
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    isSupervisor: true,
  };
  const { promise: reported, resolve } = Promise.withResolvers<void>();
  let printed = '';
  const onText = (text: string) => {
    printed += text;
    if (printed.endsWith('\n')) resolve();
  };
  const start = await ExecSession.start({ spec, processes, tty: false, spill: null, onText });
  if (start.type === 'spawnFailed') return fails(start.message);
  const { session } = start;
  using _abort = onAbort(signal, resolve);
  await Promise.race([reported, session.exited]);
  const pid = /^\d+$/.test(printed.trim()) && !signal.aborted ? Number(printed) : null;
  try {
    if (pid === null || session.exitCode !== null)
      return fails(printed.trim().slice(0, 200) || 'bubblewrap did not start');
    return { type: 'namespace', namespace: namespaceOf(pid, nsenter) };
  } catch (error) {
    return fails(reasonOf(error));
  } finally {
    if (pid === null) session.kill();
    else if (session.exitCode === null) process.kill(pid, 'SIGKILL');
  }
}

function namespaceOf(pid: number, nsenter: string): NetworkNamespace {
  const kept: { kind: string; fd: number }[] = [];
  const close = () => {
    for (const { fd } of kept.splice(0)) closeSync(fd);
  };
  try {
    for (const kind of ['user', 'net']) kept.push({ kind, fd: openSync(`/proc/${pid}/ns/${kind}`, 'r') });
  } catch (error) {
    close();
    throw error;
  }
  const ways = kept.map(({ kind, fd }) => `--${kind}=/proc/${process.pid}/fd/${fd}`);
  return { enter: [nsenter, ...ways, '--preserve-credentials', '--'], close };
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
