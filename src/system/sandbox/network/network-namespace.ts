import { accessSync, closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { cLibrary, onAbort, reasonOf } from '../../../foundation/util/index.ts';
import { ExecSession, type Processes, processEntry, sendSignal } from '../../process/index.ts';

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
    else if (session.exitCode === null) sendSignal(pid, 'SIGKILL');
  }
}

/**
 * The network namespace of a command that runs in bubblewrap. Null: it has none of its own, it has ended, or it can't be opened.
 * `pid`: of bubblewrap, whose only child is the first process of the command's namespaces.
 */
export function namespaceOfCommand(pid: number): NetworkNamespace | null {
  const nsenter = NSENTER.find(isExecutable);
  const [child] = childrenOf(pid);
  if (nsenter === undefined || child === undefined) return null;
  try {
    const namespace = ownedNamespace(child, nsenter);
    // The child may have ended, and its id may be another process's by now.
    if (processEntry(child)?.parent === pid) return namespace;
    namespace.close();
    return null;
  } catch {
    // It has just ended.
    return null;
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return text.split(' ').flatMap((word) => (word === '' ? [] : Number(word)));
  } catch {
    // It has ended, or the kernel has no such list.
    return [];
  }
}

/** Linux: ioctl(2) for the user namespace that a namespace belongs to. */
const NS_GET_USERNS = 0xb701;

/** The process may be in a further user namespace, without rights over its network: bubblewrap ends up in one. */
function ownedNamespace(pid: number, nsenter: string): NetworkNamespace {
  const net = openSync(`/proc/${pid}/ns/net`, 'r');
  const { native, functions } = cLibrary();
  const user: number = functions.func('ioctl', 'int', ['int', 'ulong'])(net, NS_GET_USERNS);
  if (user !== -1) return entered({ user, net }, nsenter);
  closeSync(net);
  throw new Error(`NS_GET_USERNS failed with error ${native.errno()}`);
}

/** @throws what the system says */
function namespaceOf(pid: number, nsenter: string): NetworkNamespace {
  const net = openSync(`/proc/${pid}/ns/net`, 'r');
  let user: number;
  try {
    user = openSync(`/proc/${pid}/ns/user`, 'r');
  } catch (error) {
    closeSync(net);
    throw error;
  }
  return entered({ user, net }, nsenter);
}

/** Takes both descriptors over. @throws where one of them leads to a namespace that keel itself is in */
function entered(fds: { readonly user: number; readonly net: number }, nsenter: string): NetworkNamespace {
  const close = () => {
    for (const fd of [fds.user, fds.net]) closeSync(fd);
  };
  const isOwn = (kind: 'user' | 'net') => fstatSync(fds[kind]).ino === statSync(`/proc/self/ns/${kind}`).ino;
  if (isOwn('user') || isOwn('net')) {
    close();
    throw new Error("the process is in a namespace of keel's own");
  }
  const ways = (['user', 'net'] as const).map((kind) => `--${kind}=/proc/${process.pid}/fd/${fds[kind]}`);
  let isClosed = false;
  return {
    enter: [nsenter, ...ways, '--preserve-credentials', '--'],
    close() {
      if (!isClosed) close();
      isClosed = true;
    },
  };
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
