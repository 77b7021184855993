import type { SandboxPolicy } from '../../../foundation/protocol/index.ts';
import { offlineEnvironment, proxyEnvironment } from '../../network/index.ts';
import { bwrapCommand } from '../backends/bubblewrap.ts';
import { landlockRules } from '../backends/landlock.ts';
import { seatbeltCommand } from '../backends/seatbelt.ts';
import { hiddenPaths } from '../places/readable.ts';
import { type FoundRoots, SessionRoots } from '../places/roots.ts';
import { BUS_VARIABLE, sessionPlaces } from '../places/session-bus.ts';
import { seccompProgram } from '../seccomp/program.ts';
import type { FilterArch } from '../seccomp/syscall-numbers.ts';
import type { BackendFacts, CommandSpec, ExecPlan, NetworkReach, Planned, ProxyWay, Scope } from './exec-plan.ts';
import { planMounts } from './mounts.ts';

/** What applies to every command of a session. */
export interface SandboxSetup {
  /** keel's home. */
  readonly home: string;
  /** keel's own environment, for `TMPDIR`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Files and directories that no sandboxed command can read, beside keel's own credentials. */
  readonly hidden: readonly string[];
  readonly allowGitCommit: boolean;
  readonly allowUnixSockets: boolean;
  /** Upper bounds for each command's processes (of its user) and files; null: none. */
  readonly maxProcesses: number | null;
  readonly maxFileBytes: number | null;
  /** Words before a command line that start it in the network that it shares. Absent: it has its own. */
  readonly enter?: readonly string[];
  /** How commands come to the proxy. Absent: no hosts are listed, and the policy alone says whether there is a network. */
  readonly proxyWay?: ProxyWay | null;
  /** What is known of the session so far. Absent: everything is looked up again. */
  readonly session?: PlanSession;
}

/** What one plan leaves for the next. */
export interface PlanSession {
  readonly found: FoundRoots;
  /** Directories below the roots that hold protected names. */
  readonly nested: () => readonly string[];
  /** Work trees whose `.git` a command has made. */
  readonly made: () => readonly string[];
}

export interface PlanRequest {
  readonly spec: CommandSpec;
  readonly policy: SandboxPolicy;
  /** The turn's working directory, from which the policy counts; the command's own may be another. */
  readonly cwd: string;
  /** Absent: confined by the policy. */
  readonly scope?: Scope;
  /** It shares a network without a way out with others of its session that run at the same time. Absent: it does not. */
  readonly sharesNetwork?: boolean;
  /** Absent: as the policy has it. */
  readonly network?: 'full' | 'none';
}

/** Decides how a command is run. Looks at the file system, changes nothing: the same plan for the same state of it. */
export function plan(request: PlanRequest, setup: SandboxSetup, facts: BackendFacts): Planned {
  const { spec, policy } = request;
  if (request.scope === 'unsandboxed' || policy.mode === 'danger-full-access') {
    return { type: 'ready', plan: directPlan(spec) };
  }
  if (facts.type === 'unavailable') return { type: 'unavailable', reason: facts.reason };
  const reach = networkReach(request, setup, facts.type);
  const session = setup.session ?? NO_SESSION;
  const { cwd } = request;
  const { env, home } = setup;
  const found = setup.session?.found ?? new SessionRoots().find({ policy, cwd, env, home });
  const lost = found.refused.find(({ name, type }) => name === cwd && type === 'replaced');
  if (lost !== undefined) {
    return {
      type: 'unavailable',
      reason: `The working directory ${cwd} ${lost.reason}: nothing is run there. Start keel in it again.`,
    };
  }
  const { mounts, notes: mountNotes } = planMounts({
    ...setup,
    cwd,
    roots: found.roots,
    nested: session.nested(),
    made: session.made(),
    hidden: [...hiddenPaths(setup), ...(hasUnixSockets(reach, setup) ? sessionPlaces(env) : [])],
  });
  const refused = found.refused.map(({ name, reason }) => `${name} can't be written by commands: it ${reason}`);
  const notes = [...mountNotes, ...refused, ...reach.notes];
  const command = confined(spec, { reach, setup, backend: facts.type });
  const parts = { setup, mounts, notes } as const;
  if (facts.type === 'bwrap') return bwrapPlan(command, { ...parts, facts, reach });
  // Without namespaces there is no loopback that is not the machine's.
  const network = reach.network === 'full' ? 'full' : 'none';
  if (facts.type === 'seatbelt') return { type: 'ready', plan: seatbeltPlan(command, { ...parts, network }) };
  const arch = filterArch();
  if (arch === null) return UNKNOWN_MACHINE;
  return { type: 'ready', plan: landlockPlan(command, { ...parts, network, facts, arch }) };
}

/** Elsewhere the filter refuses them all. */
function hasUnixSockets({ network }: Reach, { allowUnixSockets }: SandboxSetup): boolean {
  return network === 'full' || allowUnixSockets;
}

const NO_SESSION: Omit<PlanSession, 'found'> = { nested: () => [], made: () => [] };

const UNKNOWN_MACHINE: Planned = { type: 'unavailable', reason: `no filter is known for ${process.arch} machines` };

/** How far the network of a command reaches, and what it takes to get there. */
interface Reach {
  readonly network: NetworkReach;
  readonly enter: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Variables that the command's own environment may set differently. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

const EVERYTHING: Reach = { network: 'full', enter: [], env: {}, defaults: {}, notes: [] };
const DISABLED = { KEEL_SANDBOX_NETWORK_DISABLED: '1' };
const NOTHING: Reach = { network: 'none', enter: [], env: DISABLED, defaults: offlineEnvironment, notes: [] };

/** Where hosts are listed the list counts, also for a policy that opens the network; where it can't be enforced, nothing is open. */
function networkReach(
  { policy, network }: Pick<PlanRequest, 'policy' | 'network'>,
  { enter = [], proxyWay: way = null }: Pick<SandboxSetup, 'enter' | 'proxyWay'>,
  backend: BackendFacts['type'],
): Reach {
  if (network !== undefined) return network === 'full' ? EVERYTHING : NOTHING;
  const offline: Reach = backend === 'bwrap' ? { ...NOTHING, network: 'loopback', enter } : NOTHING;
  if (policy.mode !== 'workspace-write') return offline;
  if (way === null) return policy.network_access ? EVERYTHING : offline;
  if (way.type === 'none') return { ...offline, notes: [`the listed hosts can't be reached: ${way.reason}`] };
  // The way to a proxy is made for bubblewrap alone.
  if (backend !== 'bwrap') return NOTHING;
  const hosts = way.hosts.length === 0 ? 'no host' : way.hosts.join(', ');
  const env = { ...DISABLED, ...proxyEnvironment(way.port) };
  return {
    network: 'proxy',
    enter: way.enter,
    env,
    defaults: {},
    notes: [`of the network ${hosts} can be reached unasked`],
  };
}

interface PlanParts extends Pick<ExecPlan, 'mounts' | 'notes'> {
  readonly setup: SandboxSetup;
}

interface BwrapParts extends PlanParts {
  readonly facts: Extract<BackendFacts, { type: 'bwrap' }>;
  readonly reach: Reach;
}

function bwrapPlan(spec: CommandSpec, { facts, mounts, notes, setup, reach }: BwrapParts): Planned {
  const arch = filterArch();
  if (arch === null) return UNKNOWN_MACHINE;
  const { network, enter } = reach;
  const filter = filterFor(arch, network, setup);
  const spawn = bwrapCommand({ facts, spec, mounts, network, enter, filter });
  const enforced = { fileWrites: true, protectedPaths: true, fileReads: true, network: true, processes: true };
  return { type: 'ready', plan: { backend: 'bwrap', spawn, enforced, mounts, network, notes } };
}

interface OwnNetworkParts extends PlanParts {
  readonly network: 'full' | 'none';
}

/** Other processes can't be reached, but one that stays behind is found by keel, not by the system. */
function seatbeltPlan(spec: CommandSpec, { mounts, network, notes, setup }: OwnNetworkParts): ExecPlan {
  const { allowUnixSockets } = setup;
  return {
    backend: 'seatbelt',
    spawn: seatbeltCommand({ spec, mounts, network, allowUnixSockets }),
    enforced: { fileWrites: true, protectedPaths: true, fileReads: true, network: true, processes: false },
    mounts,
    network,
    notes,
  };
}

interface LandlockParts extends OwnNetworkParts {
  readonly facts: Extract<BackendFacts, { type: 'landlock' }>;
  readonly arch: FilterArch;
}

/** What is protected can't be covered here: the notes say so. */
function landlockPlan(spec: CommandSpec, { facts, arch, mounts, network, notes, setup }: LandlockParts): ExecPlan {
  const { allowUnixSockets } = setup;
  const rules = landlockRules({ facts, arch, mounts, network, allowUnixSockets });
  return {
    backend: 'landlock',
    spawn: { ...spec, confinement: rules.confinement },
    enforced: { fileWrites: true, protectedPaths: true, fileReads: true, network: true, processes: false },
    mounts,
    network,
    notes: [...notes, ...rules.notes],
  };
}

/** A command as it is, not confined. */
export function directPlan({ argv, cwd, env }: CommandSpec): ExecPlan {
  return {
    backend: 'none',
    spawn: { argv, cwd, env },
    enforced: { fileWrites: false, protectedPaths: false, fileReads: false, network: false, processes: false },
    mounts: [],
    network: 'full',
    notes: [],
  };
}

const filters = new Map<string, Uint8Array>();

/** Returns the same array for the same question: an array is written to a memory file once and then used again. */
function filterFor(arch: FilterArch, network: NetworkReach, { allowUnixSockets }: SandboxSetup): Uint8Array {
  const families = network === 'proxy' ? 'loopback' : network;
  const key = `${families}/${allowUnixSockets}`;
  const known = filters.get(key) ?? seccompProgram({ arch, network: families, allowUnixSockets });
  filters.set(key, known);
  return known;
}

/** Null: keel does not know this machine's system calls. */
export function filterArch(): FilterArch | null {
  return process.arch === 'x64' || process.arch === 'arm64' ? process.arch : null;
}

/** By its place: one that PATH has first might set no limits. */
const PRLIMIT = '/usr/bin/prlimit';

interface ConfinedBy {
  readonly reach: Reach;
  readonly setup: SandboxSetup;
  readonly backend: ExecPlan['backend'];
}

/** Adds what a command can see of its sandbox, and the limits it starts under. */
function confined(spec: CommandSpec, { reach, setup, backend }: ConfinedBy): CommandSpec {
  const { [BUS_VARIABLE]: _, ...own } = spec.env;
  const env = { ...reach.defaults, ...own, KEEL_SANDBOX: backend, ...reach.env };
  const limits = [
    ...(setup.maxProcesses === null ? [] : [`--nproc=${setup.maxProcesses}`]),
    ...(setup.maxFileBytes === null ? [] : [`--fsize=${setup.maxFileBytes}`]),
  ];
  const argv = limits.length === 0 ? spec.argv : [PRLIMIT, ...limits, '--', ...spec.argv];
  return { argv, cwd: spec.cwd, env };
}
