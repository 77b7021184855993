import { accessSync, constants, existsSync } from 'node:fs';
import { type Processes, runCommand } from '../../process/index.ts';
import { type OpenedNamespace, openNetworkNamespace } from '../network/network-namespace.ts';
import type { BackendFacts, Mount } from '../plan/exec-plan.ts';
import { filterArch } from '../plan/plan.ts';
import { seccompProgram } from '../seccomp/program.ts';
import type { FilterArch } from '../seccomp/syscall-numbers.ts';
import { bwrapCommand } from './bubblewrap.ts';
import { probeLandlock } from './probe-landlock.ts';
import { SANDBOX_EXEC, seatbeltCommand } from './seatbelt.ts';

export interface ProbeOptions {
  readonly processes: Processes;
  /** Where bubblewrap is, if not at its usual place. Absolute. */
  readonly bwrapPath: string | null;
  /** Which may be used; all that there are, if absent. */
  readonly backends?: readonly ('bwrap' | 'landlock')[] | undefined;
  readonly signal: AbortSignal;
}

const USUAL_PLACES = ['/usr/bin/bwrap', '/usr/local/bin/bwrap', '/bin/bwrap'];
const LIMIT_MS = 5_000;

const ABILITIES = [
  { ownProc: true, bindsDescriptors: true },
  { ownProc: false, bindsDescriptors: true },
  { ownProc: true, bindsDescriptors: false },
  { ownProc: false, bindsDescriptors: false },
] as const;
/** Exists everywhere, and nobody can have replaced it. */
const TRIAL_MOUNT: Mount = { type: 'readOnly', path: '/usr' };

/** What confines commands here, and the network namespace that they share; `fails`: each has its own, or none. */
export interface Probed {
  readonly facts: BackendFacts;
  readonly shared: OpenedNamespace;
}

type BwrapFacts = Extract<BackendFacts, { type: 'bwrap' }>;
type Trial = Pick<BwrapProbe, 'processes' | 'signal' | 'arch'>;

interface BwrapProbe extends ProbeOptions {
  readonly isShared: boolean;
  readonly arch: FilterArch;
}

type Found = ({ readonly type: 'works' } & Probed) | { readonly type: 'absent'; readonly cause: string };

/**
 * Finds out what really works here by running a trivial command in it, with everything that confines commands:
 * bubblewrap if it does, else Landlock, which confines less.
 */
export async function probeBackend(options: ProbeOptions): Promise<BackendFacts> {
  return (await probeSandbox({ ...options, isShared: false })).facts;
}

/** As `probeBackend`. `isShared`: also opens a network namespace that commands can be started in, the caller's to close. */
export async function probeSandbox(options: ProbeOptions & { readonly isShared: boolean }): Promise<Probed> {
  if (process.platform === 'darwin') return alone(await probeSeatbelt(options), 'macOS has no network namespaces');
  if (process.platform !== 'linux') return nowhere(`commands can't be sandboxed on ${process.platform} yet`);
  if (!existsSync('/proc/self')) {
    return nowhere('there is no /proc here, which every sandbox needs: mount it (mount -t proc proc /proc)');
  }
  const arch = filterArch();
  if (arch === null) return nowhere(`commands can't be sandboxed on ${process.arch} machines yet`);
  const { backends = ['bwrap', 'landlock'] } = options;
  const found: Found = backends.includes('bwrap')
    ? await probeBwrap({ ...options, arch })
    : { type: 'absent', cause: 'bubblewrap is not to be used' };
  if (found.type === 'works') return found;
  if (!backends.includes('landlock')) return nowhere(found.cause);
  const landlock = await probeLandlock({ ...options, arch });
  if (landlock.type === 'works') {
    return alone({ type: 'landlock', abi: landlock.abi, reason: found.cause }, BY_PORT);
  }
  return nowhere(`${found.cause}. Landlock, which would do as well, does not work either (${landlock.cause})`);
}

const BY_PORT = 'Landlock distinguishes connections by port and not by address, so it can confine nobody to a proxy';

/** Where bubblewrap is, whether or not it works. */
export function bwrapProgram(bwrapPath: string | null): string | undefined {
  return (bwrapPath === null ? USUAL_PLACES : [bwrapPath]).find(isExecutable);
}

async function probeBwrap(options: BwrapProbe): Promise<Found> {
  const { processes, bwrapPath, signal, isShared } = options;
  const path = bwrapProgram(bwrapPath);
  if (path === undefined) {
    const place = bwrapPath === null ? '' : ` at ${bwrapPath}`;
    return absent(`bubblewrap is not installed${place}: install it (Debian, Ubuntu: apt install bubblewrap)`);
  }
  const opened: OpenedNamespace = isShared
    ? await openNetworkNamespace({ processes, bwrap: path, signal })
    : { type: 'fails', cause: 'each command has a network of its own' };
  let message = '';
  // From the best on: releases differ in what they can do, containers in what they let it do.
  for (const abilities of ABILITIES) {
    const facts = { type: 'bwrap', path, ...abilities } as const;
    if (opened.type === 'namespace') {
      message = await tryOut(facts, opened.namespace.enter, options);
      if (message === '') return { type: 'works', facts, shared: opened };
    }
    const cause = `a command could not be started in the network made for it (${message})`;
    message = await tryOut(facts, [], options);
    if (message !== '') continue;
    if (opened.type === 'namespace') opened.namespace.close();
    return { type: 'works', facts, shared: opened.type === 'fails' ? opened : { type: 'fails', cause } };
  }
  if (opened.type === 'namespace') opened.namespace.close();
  return absent(
    `${path} can't start a sandbox here ("${message}"): user namespaces have to be allowed (kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap; in a container, a seccomp profile that lets it)`,
  );
}

/** @returns why a command does not start as commands will; empty if it does */
async function tryOut(facts: BwrapFacts, enter: readonly string[], options: Trial): Promise<string> {
  const { processes, signal, arch } = options;
  const run = { processes, timeoutMs: LIMIT_MS, signal, onText: () => undefined, spill: null };
  const { end, output } = await runCommand(trial(facts, enter, arch), run);
  if (end.type === 'exited' && end.exitCode === 0) return '';
  return (end.type === 'spawnFailed' ? end.message : output.trim().slice(0, 200)) || end.type;
}

/** Whether commands start behind these words, which put them into a network namespace. */
export async function startsBehind(
  facts: BwrapFacts,
  enter: readonly string[],
  options: Pick<ProbeOptions, 'processes' | 'signal'>,
): Promise<boolean> {
  const arch = filterArch();
  return arch !== null && (await tryOut(facts, enter, { ...options, arch })) === '';
}

async function probeSeatbelt({ processes, signal }: ProbeOptions): Promise<BackendFacts> {
  const spec = { argv: ['/usr/bin/true'], cwd: '/', env: { PATH: '/usr/bin:/bin' } };
  const trial = seatbeltCommand({ spec, mounts: [], network: 'none', allowUnixSockets: false });
  const options = { processes, timeoutMs: LIMIT_MS, signal, onText: () => undefined, spill: null };
  const { end, output } = await runCommand(trial, options);
  if (end.type === 'exited' && end.exitCode === 0) return { type: 'seatbelt' };
  const message = end.type === 'spawnFailed' ? end.message : output.trim().slice(0, 200);
  return unavailable(`${SANDBOX_EXEC} can't start a sandbox here${message === '' ? '' : ` ("${message}")`}`);
}

function absent(cause: string): Found {
  return { type: 'absent', cause };
}

function trial(facts: BwrapFacts, enter: readonly string[], arch: FilterArch) {
  const filter = seccompProgram({ arch, network: 'loopback', allowUnixSockets: false });
  // The descriptors of what was mounted must not come through: they lead to the same places outside.
  const argv = ['/bin/sh', '-c', '! [ -e /proc/self/fd/4 ]'];
  const spec = { argv, cwd: '/', env: { PATH: '/usr/bin:/bin' } };
  return bwrapCommand({ facts, spec, mounts: [TRIAL_MOUNT], network: 'loopback', enter, filter });
}

function alone(facts: BackendFacts, cause: string): Probed {
  return { facts, shared: { type: 'fails', cause } };
}

function nowhere(cause: string): Probed {
  return alone(unavailable(cause), cause);
}

function unavailable(cause: string): BackendFacts {
  return {
    type: 'unavailable',
    reason: `The sandbox can't be started, so commands are refused: ${cause}. To run without it, choose the sandbox mode danger-full-access.`,
  };
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
