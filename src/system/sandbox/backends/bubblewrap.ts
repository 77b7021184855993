import { lstatSync, statSync } from 'node:fs';
import { assertNever } from '../../../foundation/util/index.ts';
import { identityOf, type PathHandle, type ProgramInput, type SpawnSpec } from '../../process/index.ts';
import type { BackendFacts, CommandSpec, Mount, NetworkReach } from '../plan/exec-plan.ts';

export interface BwrapOptions {
  readonly facts: Extract<BackendFacts, { type: 'bwrap' }>;
  readonly spec: CommandSpec;
  readonly mounts: readonly Mount[];
  readonly network: NetworkReach;
  /** Words that start it in the network of the session. */
  readonly enter?: readonly string[];
  /** A seccomp program. */
  readonly filter: Uint8Array;
}

/** Words of one command line that the system takes for certain, bytes; beyond it they go in through a descriptor. */
const MAX_ARGUMENT_BYTES = 96 * 1024;
const FIRST_INPUT = 3;

/**
 * A command inside bubblewrap: namespaces for its users, processes, IPC and, without network, for that, which it may share
 * with the session's other commands; no capabilities, also for root; everything read-only but what the mounts open. It dies
 * with keel. The caller makes it the leader of a session of its own, so that it has no terminal to push input into.
 *
 * What is mounted is what a descriptor names: bubblewrap looks at what it has mounted and gives up if that is another file.
 */
export function bwrapCommand({ facts, spec, mounts, network, enter = [], filter }: BwrapOptions): SpawnSpec {
  const inputs: ProgramInput[] = [filter];
  const inputNumber = (input: ProgramInput) => String(FIRST_INPUT + inputs.push(input) - 1);
  // The root of the file system is never writable itself, only entries of it are.
  const inner = mounts.filter(({ path }) => path !== '/');
  const flags = [
    '--die-with-parent',
    ...['--unshare-user', '--unshare-pid', '--unshare-ipc'],
    // Without a way into the session's, what is not to be open gets a network of its own.
    ...(network !== 'full' && enter.length === 0 ? ['--unshare-net'] : []),
    ...['--cap-drop', 'ALL', '--ro-bind', '/', '/', '--dev', '/dev'],
    // bubblewrap covers only what it may not write itself: what root owns below /proc/sys stays writable for root.
    ...(facts.ownProc ? ['--proc', '/proc', '--remount-ro', '/proc'] : []),
    ...inner.flatMap((mount) => mountFlags(mount, facts.bindsDescriptors ? inputNumber : null)),
  ];
  const argv = facts.bindsDescriptors ? spec.argv : checkedFirst(spec.argv, inner);
  const seccomp = ['--seccomp', String(FIRST_INPUT)];
  const rest = { inputs, cwd: spec.cwd, env: spec.env, isSupervisor: true };
  if (flags.reduce((sum, flag) => sum + flag.length + 1, 0) < MAX_ARGUMENT_BYTES) {
    return { argv: [...enter, facts.path, ...flags, ...seccomp, '--', ...argv], ...rest };
  }
  const args = ['--args', inputNumber(Buffer.from(flags.map((flag) => `${flag}\0`).join('')))];
  return { argv: [...enter, facts.path, ...args, ...seccomp, '--', ...argv], ...rest };
}

/** `inputNumber` null: mounts go by names. */
function mountFlags(mount: Mount, inputNumber: ((input: PathHandle) => string) | null): string[] {
  const { type, path, identity = null } = mount;
  switch (type) {
    case 'writable':
    case 'pinned':
      return inputNumber === null ? ['--bind', path, path] : ['--bind-fd', inputNumber({ path, identity }), path];
    case 'readOnly':
      return inputNumber === null ? ['--ro-bind', path, path] : ['--ro-bind-fd', inputNumber({ path, identity }), path];
    case 'hidden':
      return isDirectory(path) ? ['--tmpfs', path, '--remount-ro', path] : ['--ro-bind', '/dev/null', path];
    default:
      return assertNever(type, 'mount');
  }
}

/**
 * For bubblewrap that mounts by names only: a shell compares what is mounted in the writable places, from the inside where
 * nobody can change it any more, before it becomes the command.
 */
function checkedFirst(argv: readonly string[], mounts: readonly Mount[]): readonly string[] {
  const writable = mounts.filter(({ type }) => type === 'writable' || type === 'pinned');
  if (writable.length === 0) return argv;
  const paths = writable.map(({ path }) => quoted(path)).join(' ');
  const expected = writable.map(({ path, identity }) => identity ?? identityOf(lstatSync(path, { bigint: true })));
  const script = `[ "$(PATH=/usr/bin:/bin stat -c %d:%i -- ${paths})" = "${expected.join('\n')}" ] ||
  { echo 'keel: a writable directory was replaced while the sandbox was set up' >&2; exit 126; }
exec "$@"`;
  return ['/bin/sh', '-c', script, 'sh', ...argv];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
