import { statSync } from 'node:fs';
import type { SpawnSpec } from '../../process/index.ts';
import { assertNever } from '../../util/index.ts';
import type { BackendFacts, CommandSpec, Mount, NetworkReach } from '../exec-plan.ts';
import { standInText } from '../protected-paths.ts';

export interface BwrapOptions {
  readonly facts: Extract<BackendFacts, { type: 'bwrap' }>;
  readonly spec: CommandSpec;
  readonly mounts: readonly Mount[];
  readonly network: NetworkReach;
  /** Words that start it in a network of its own; with `proxy`. */
  readonly enter?: readonly string[];
  /** A seccomp program. */
  readonly filter: Uint8Array;
}

/** Words of one command line that the system takes for certain, bytes; beyond it they go in through a descriptor. */
const MAX_ARGUMENT_BYTES = 96 * 1024;

/**
 * A command inside bubblewrap: namespaces for its users, processes, IPC and, without network, for that (one that reaches a
 * proxy shares its network with the session's other commands); no capabilities,
 * also for root; everything read-only but what the mounts open. It dies with keel. The caller makes it the leader of a
 * session of its own, so that it has no terminal to push input into.
 */
export function bwrapCommand({ facts, spec, mounts, network, enter = [], filter }: BwrapOptions): SpawnSpec {
  const flags = [
    '--die-with-parent',
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc'],
    // Without a way into another one, what is not to be open gets a network of its own.
    ...(network !== 'full' && enter.length === 0 ? ['--unshare-net'] : []),
    ...['--cap-drop', 'ALL', '--ro-bind', '/', '/', '--dev', '/dev'],
    ...(facts.ownProc ? ['--proc', '/proc'] : []),
    ...mounts.flatMap(mountFlags),
  ];
  const inputs = [filter];
  const seccomp = ['--seccomp', '3'];
  const rest = { cwd: spec.cwd, env: spec.env, isSupervisor: true };
  if (flags.reduce((sum, flag) => sum + flag.length + 1, 0) < MAX_ARGUMENT_BYTES) {
    return { argv: [...enter, facts.path, ...flags, ...seccomp, '--', ...spec.argv], inputs, ...rest };
  }
  const long = Buffer.from(flags.map((flag) => `${flag}\0`).join(''));
  const args = ['--args', String(3 + inputs.length)];
  return { argv: [...enter, facts.path, ...args, ...seccomp, '--', ...spec.argv], inputs: [...inputs, long], ...rest };
}

function mountFlags({ type, path }: Mount): string[] {
  switch (type) {
    case 'writable':
    case 'pinned':
      return ['--bind', path, path];
    case 'readOnly':
      return ['--ro-bind', path, path];
    case 'blocked':
      return emptyDirectory(path);
    case 'blockedFile':
      // With a text of its own it was made before.
      return ['--ro-bind', standInText(path) === '' ? '/dev/null' : path, path];
    case 'hidden':
      return isDirectory(path) ? emptyDirectory(path) : ['--ro-bind', '/dev/null', path];
    default:
      return assertNever(type, 'mount');
  }
}

function emptyDirectory(path: string): string[] {
  return ['--tmpfs', path, '--remount-ro', path];
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
