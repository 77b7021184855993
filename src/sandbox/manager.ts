import { join } from 'node:path';
import type { AskUser, GateOptions, NetworkRules, Resolver } from '../network/index.ts';
import type { Processes } from '../process/index.ts';
import { type Denial, denialOf, type EndedCommand } from './denial.ts';
import type { BackendFacts, ExecPlan, Planned, ProxyWay } from './exec-plan.ts';
import { MountCache } from './mount-cache.ts';
import { NetworkAccess } from './network-access.ts';
import { type PlanRequest, plan, type SandboxSetup } from './plan.ts';
import { probeBackend } from './probe.ts';
import { Stubs } from './stubs.ts';

/** Decides how commands are held, and afterwards whether that is what stopped one. */
export interface SandboxPlanner {
  /** Resolves when plans can be made; what it takes to find out is done once. */
  ready(signal: AbortSignal): Promise<void>;
  plan(request: PlanRequest): Planned;
  /** What the sandbox seems to have refused; null if the command's end does not come from it. */
  denial(plan: ExecPlan, end: EndedCommand): Denial | null;
  /** Hosts that the proxy refused since a plan was held. */
  refusedHosts(plan: ExecPlan): readonly string[];
  /** Call before a plan is run; the function it gives, once, when all the command started has ended. */
  hold(plan: ExecPlan): () => void;
}

export interface SandboxOptions extends Omit<SandboxSetup, 'proxyWay'> {
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
  /** Told of faults of the proxy. */
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
  readonly #stubs: Stubs;
  readonly #mounts = new MountCache();
  readonly #startedAt = new WeakMap<ExecPlan, number>();
  #probe: Promise<Found> | null = null;
  #proxyWay: ProxyWay | null;
  #network: NetworkAccess | null = null;
  #askUser: AskUser | null = null;
  #isClosed = false;
  #isTold = false;
  #facts: BackendFacts = { type: 'unavailable', reason: 'The sandbox has not been looked for yet.' };

  constructor(options: SandboxOptions) {
    this.#options = options;
    this.#stubs = new Stubs(join(options.home, 'run'));
    const isListed = (options.network ?? null) !== null;
    this.#proxyWay = isListed ? { type: 'none', reason: 'the way to them has not been looked for yet' } : null;
  }

  async ready(signal: AbortSignal): Promise<void> {
    await this.facts(signal);
  }

  /** What works here. An aborted look is not remembered. */
  async facts(signal: AbortSignal): Promise<BackendFacts> {
    this.#probe ??= this.#find(signal);
    const { facts, proxyWay } = await this.#probe;
    if (signal.aborted && (facts.type === 'unavailable' || proxyWay?.type === 'none')) this.#probe = null;
    this.#facts = facts;
    this.#proxyWay = proxyWay;
    this.#stubs.sweepLeftovers();
    return facts;
  }

  /** Why commands can't be held in here, or not fully, once a session; null if they can, or it was told. */
  takeNotice(): string | null {
    if (this.#isTold || this.#probe === null) return null;
    const faults = [backendNotice(this.#facts), proxyNotice(this.#proxyWay)].filter((text) => text !== null);
    if (faults.length === 0) return null;
    this.#isTold = true;
    return faults.join('\n');
  }

  plan(request: PlanRequest): Planned {
    return plan(
      request,
      {
        ...this.#options,
        proxyWay: this.#proxyWay,
        isStandIn: (path) => this.#stubs.isHeld(path),
        planMounts: (options) => this.#mounts.plan(options, this.#stubs.areHeld),
      },
      this.#facts,
    );
  }

  denial(plan: ExecPlan, end: EndedCommand): Denial | null {
    return denialOf(plan, end, this.refusedHosts(plan));
  }

  refusedHosts(plan: ExecPlan): readonly string[] {
    const startedAt = this.#startedAt.get(plan);
    if (startedAt === undefined || plan.network !== 'proxy') return [];
    return this.#network?.refusedSince(startedAt) ?? [];
  }

  hold(plan: ExecPlan): () => void {
    this.#startedAt.set(plan, performance.now());
    return this.#stubs.hold(plan);
  }

  /** Whom hosts that no list names are asked about from now on. */
  askAboutHosts(ask: AskUser): void {
    this.#askUser = ask;
  }

  close(): void {
    this.#isClosed = true;
    this.#network?.close();
    this.#stubs.close();
  }

  async #find(signal: AbortSignal): Promise<Found> {
    const { processes, bwrapPath, backends } = this.#options;
    const facts = await probeBackend({ processes, bwrapPath, backends, signal });
    return { facts, proxyWay: facts.type === 'unavailable' ? this.#proxyWay : await this.#openNetwork(facts, signal) };
  }

  /** The proxy is loaded where hosts are listed only. */
  async #openNetwork(facts: BackendFacts, signal: AbortSignal): Promise<ProxyWay | null> {
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
    return this.#network.open(facts, signal);
  }
}

function backendNotice(facts: BackendFacts): string | null {
  if (facts.type === 'unavailable') return facts.reason;
  if (facts.type !== 'landlock') return null;
  return `Commands are held by Landlock, which holds less than bubblewrap: entries directly in a folder with a .git can't be made by commands, and processes aren't kept apart. The reason: ${facts.reason}`;
}

function proxyNotice(way: ProxyWay | null): string | null {
  return way?.type === 'none'
    ? `Commands have no network: the hosts of sandbox.network can't be reached alone here, since ${way.reason}.`
    : null;
}
