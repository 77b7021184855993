import { existsSync, mkdirSync } from 'node:fs';
import type { SandboxPolicy } from '../../foundation/protocol/index.ts';
import { isInside, monotonicMs, realPath } from '../../foundation/util/index.ts';
import type { AskUser, GateOptions, NetworkRules, Resolver } from '../network/index.ts';
import type { Processes } from '../process/index.ts';
import { bwrapProgram, probeSandbox, startsBehind } from './backends/probe.ts';
import { NetworkAccess } from './network/network-access.ts';
import type { NetworkNamespace, OpenedNamespace } from './network/network-namespace.ts';
import { SharedNetwork } from './network/shared-network.ts';
import { type FoundRoots, SessionRoots } from './places/roots.ts';
import { type Denial, denialOf, type EndedCommand } from './plan/denial.ts';
import type { BackendFacts, ExecPlan, Planned, ProxyWay } from './plan/exec-plan.ts';
import { scratchPlaces } from './plan/mounts.ts';
import { type PlanRequest, plan, type SandboxSetup } from './plan/plan.ts';
import { PlantedNames, type Reach } from './planted/planted-names.ts';
import { openedForCommits } from './protected/protected-paths.ts';

/** Decides how commands are confined, and afterwards whether that is what stopped one. */
export interface SandboxPlanner {
  /** Resolves when plans can be made; what it takes to find out is done once. */
  ready(signal: AbortSignal, place?: CommandPlace): Promise<void>;
  plan(request: PlanRequest): Planned;
  /** What the sandbox seems to have refused; null if the command's end does not come from it. */
  denial(plan: ExecPlan, end: EndedCommand): Denial | null;
  /** Hosts that the proxy refused since a plan was started (`track`). */
  refusedHosts(plan: ExecPlan): readonly string[];
  /** Call before a plan is run; the function it gives, once, when all the command started has ended. */
  track(plan: ExecPlan): () => void;
  /** Where commands can write in this session. Absent: as it is found each time. */
  readonly roots?: SessionRoots;
  /** Call with what keel itself has written, with the user's approval where that was needed. */
  noteWritten?(paths: readonly string[]): void;
}

/** Where commands of a turn run, and under which policy. */
export interface CommandPlace {
  readonly policy: SandboxPolicy;
  /** The turn's working directory. Absolute. */
  readonly cwd: string;
}

export interface SandboxOptions extends Omit<SandboxSetup, 'enter' | 'proxyWay' | 'session'> {
  readonly processes: Processes;
  readonly bwrapPath: string | null;
  /** Which backends may be used; all that there are, if absent. */
  readonly backends?: readonly ('bwrap' | 'landlock')[];
  /** Hosts that commands reach through a proxy. Absent: none are listed. */
  readonly network?: NetworkRules | null;
  /** What rules of the user's say of hosts beside that. */
  readonly hostRuleOf?: GateOptions['ruleOf'];
  /** How the proxy looks up names; absent: as the system does. */
  readonly resolve?: Resolver;
  /** Called with faults of the proxy. */
  readonly onCrash?: (error: unknown) => void;
}

const NOBODY = { type: 'refused', message: 'nobody can be asked now' } as const;

interface Found {
  readonly facts: BackendFacts;
  readonly proxyWay: ProxyWay | null;
}

/** The sandbox of a session: what works on this machine, found out once, and what its plans leave to be cleaned up. */
export class SandboxManager implements SandboxPlanner {
  readonly #options: SandboxOptions;
  readonly roots = new SessionRoots();
  readonly #planted = new PlantedNames();
  readonly #reaches = new WeakMap<ExecPlan, Reach>();
  readonly #startedAt = new WeakMap<ExecPlan, number>();
  readonly #shared = new SharedNetwork();
  #probe: Promise<Found> | null = null;
  #proxyWay: ProxyWay | null;
  /** Where the proxy is, if hosts are listed. */
  #namespace: NetworkNamespace | null = null;
  #network: NetworkAccess | null = null;
  #askUser: AskUser | null = null;
  #isClosed = false;
  #isTold = false;
  #isFound = false;
  #facts: BackendFacts = { type: 'unavailable', reason: 'The sandbox has not been looked for yet.' };

  constructor(options: SandboxOptions) {
    this.#options = options;
    const isListed = (options.network ?? null) !== null;
    this.#proxyWay = isListed ? { type: 'none', reason: 'the way to them has not been looked for yet' } : null;
  }

  /** With a place, what is protected there is looked for as well. */
  async ready(signal: AbortSignal, place?: CommandPlace): Promise<void> {
    const found = this.facts(signal);
    if (place !== undefined) await this.#planted.prepare(this.#reach(this.#find(place), place, place.cwd));
    await found;
    await this.#shared.find((enter) => this.#startsBehind(enter, signal));
  }

  /** What works here. An aborted look is not remembered. */
  async facts(signal: AbortSignal): Promise<BackendFacts> {
    this.#probe ??= this.#probeAll(signal);
    const { facts, proxyWay } = await this.#probe;
    if (signal.aborted && (facts.type === 'unavailable' || proxyWay?.type === 'none')) this.#probe = null;
    this.#facts = facts;
    this.#isFound = true;
    this.#proxyWay = proxyWay;
    return facts;
  }

  /** Whether commands without a network have a loopback of their own; a likelihood until the sandbox has been looked for. */
  get hasLoopback(): boolean {
    if (this.#isFound) return this.#facts.type === 'bwrap';
    const { backends = ['bwrap'], bwrapPath } = this.#options;
    return process.platform === 'linux' && backends.includes('bwrap') && bwrapProgram(bwrapPath) !== undefined;
  }

  /** Why commands can't be confined here, or not fully, once a session; null if they can, or it was reported. */
  takeNotice(): string | null {
    if (this.#isTold || this.#probe === null) return null;
    const faults = [backendNotice(this.#facts), proxyNotice(this.#proxyWay)].filter((text) => text !== null);
    if (faults.length === 0) return null;
    this.#isTold = true;
    return faults.join('\n');
  }

  plan(request: PlanRequest): Planned {
    const { policy, cwd, spec, scope } = request;
    const enter = request.sharesNetwork === true ? this.#shared.enter : [];
    const setup = { ...this.#options, enter, proxyWay: this.#proxyWay };
    if (scope === 'unsandboxed' || policy.mode === 'danger-full-access') return plan(request, setup, this.#facts);
    const found = this.#find({ policy, cwd });
    const reach = this.#reach(found, { policy, cwd }, spec.cwd);
    this.#makeHome(reach.roots);
    this.#planted.beforePlan(reach);
    const session = {
      found,
      nested: () => this.#planted.nested,
      made: () => this.#planted.made,
    };
    const planned = plan(request, { ...setup, session }, this.#facts);
    if (planned.type !== 'ready') return planned;
    const ready = request.sharesNetwork === true ? this.#sharing(planned.plan) : planned.plan;
    this.#reaches.set(ready, reach);
    return { type: 'ready', plan: ready };
  }

  noteWritten(paths: readonly string[]): void {
    this.#planted.approve(paths);
  }

  /** What commands have made that would be obeyed later, and what has become of it: a sentence each, given once. */
  takeFindings(): readonly string[] {
    return this.#planted.takeFindings();
  }

  denial(plan: ExecPlan, end: EndedCommand): Denial | null {
    return denialOf(plan, end, this.refusedHosts(plan));
  }

  refusedHosts(plan: ExecPlan): readonly string[] {
    const startedAt = this.#startedAt.get(plan);
    if (startedAt === undefined || plan.network !== 'proxy') return [];
    return this.#network?.refusedSince(startedAt) ?? [];
  }

  track(plan: ExecPlan): () => void {
    this.#startedAt.set(plan, monotonicMs());
    const reach = this.#reaches.get(plan);
    const release = reach === undefined || reach.roots.length === 0 ? null : this.#planted.track(reach);
    return () => {
      this.#shared.ended(plan);
      release?.();
    };
  }

  /** Whom hosts that no list names are asked about from now on. */
  askAboutHosts(ask: AskUser): void {
    this.#askUser = ask;
  }

  close(): void {
    this.#isClosed = true;
    this.#network?.close();
    this.#shared.close();
    this.#namespace?.close();
    this.#namespace = null;
    this.#planted.close();
  }

  /** A home that is missing can't be protected, and a command could make it. */
  #makeHome(roots: readonly string[]): void {
    const home = realPath(this.#options.home);
    if (!roots.some((root) => isInside(home, root)) || existsSync(home)) return;
    try {
      mkdirSync(home, { recursive: true, mode: 0o700 });
    } catch {
      // Where the user can't make it, a command can't either.
    }
  }

  #find(place: CommandPlace): FoundRoots {
    const { env, home } = this.#options;
    return this.roots.find({ ...place, env, home });
  }

  #reach(found: FoundRoots, { cwd }: CommandPlace, commandCwd: string): Reach {
    const { env } = this.#options;
    const roots = found.roots.map(({ path }) => path);
    const { nested, made } = this.#planted;
    const theirs = [...roots, ...nested].filter((dir) => !made.includes(dir));
    const opened = theirs.flatMap((dir) => openedForCommits(dir, this.#options));
    return { roots, scratch: scratchPlaces({ env, cwd }), cwd: commandCwd, opened };
  }

  async #probeAll(signal: AbortSignal): Promise<Found> {
    const { processes, bwrapPath, backends, network = null } = this.#options;
    const isShared = network !== null;
    const { facts, shared } = await probeSandbox({ processes, bwrapPath, backends, signal, isShared });
    this.#keep(shared);
    if (this.#isClosed) return { facts, proxyWay: this.#proxyWay };
    return { facts, proxyWay: facts.type === 'unavailable' ? this.#proxyWay : await this.#openNetwork(shared, signal) };
  }

  /** The plan of a command whose network others can share while it runs. */
  #sharing(plan: ExecPlan): ExecPlan {
    if (plan.network !== 'loopback') return plan;
    const onStart = (pid: number) => this.#shared.started(shared, pid);
    const shared: ExecPlan = { ...plan, spawn: { ...plan.spawn, onStart } };
    return shared;
  }

  async #startsBehind(enter: readonly string[], signal: AbortSignal): Promise<boolean> {
    const { processes } = this.#options;
    return this.#facts.type === 'bwrap' && (await startsBehind(this.#facts, enter, { processes, signal }));
  }

  /** A look that was repeated, or outlived the session, leaves no namespace behind. */
  #keep(shared: OpenedNamespace): void {
    this.#namespace?.close();
    this.#namespace = shared.type === 'namespace' ? shared.namespace : null;
    if (!this.#isClosed) return;
    this.#namespace?.close();
    this.#namespace = null;
  }

  /** The proxy is loaded where hosts are listed only. */
  async #openNetwork(shared: OpenedNamespace, signal: AbortSignal): Promise<ProxyWay | null> {
    const {
      network = null,
      processes,
      resolve,
      onCrash = (error) => process.emitWarning(String(error)),
    } = this.#options;
    if (network === null) return null;
    const ask: AskUser = (...question) => this.#askUser?.(...question) ?? Promise.resolve(NOBODY);
    const { hostRuleOf: ruleOf } = this.#options;
    this.#network ??= await NetworkAccess.load({ rules: network, processes, resolve, ruleOf, onCrash, ask });
    if (this.#isClosed) this.#network.close();
    return this.#network.open(shared, signal);
  }
}

function backendNotice(facts: BackendFacts): string | null {
  if (facts.type === 'unavailable') return facts.reason;
  if (facts.type !== 'landlock') return null;
  return `Commands are confined by Landlock, which confines less than bubblewrap: entries directly in a folder with a .git can't be made by commands, and processes aren't kept apart. The reason: ${facts.reason}`;
}

function proxyNotice(way: ProxyWay | null): string | null {
  return way?.type === 'none'
    ? `Commands have no network: the hosts of sandbox.network can't be reached alone here, since ${way.reason}.`
    : null;
}
