import { join } from 'node:path';
import type { Processes } from '../process/index.ts';
import { type Denial, denialOf, type EndedCommand } from './denial.ts';
import type { BackendFacts, ExecPlan, Planned } from './exec-plan.ts';
import { MountCache } from './mount-cache.ts';
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
  /** Call before a plan is run; the function it gives, once, when all the command started has ended. */
  hold(plan: ExecPlan): () => void;
}

export interface SandboxOptions extends SandboxSetup {
  readonly processes: Processes;
  readonly bwrapPath: string | null;
  /** Which backends may be used; all that there are, if absent. */
  readonly backends?: readonly ('bwrap' | 'landlock')[];
}

/** The sandbox of a session: what works on this machine, found out once, and what its plans leave to be cleaned up. */
export class SandboxManager implements SandboxPlanner {
  readonly #options: SandboxOptions;
  readonly #stubs: Stubs;
  readonly #mounts = new MountCache();
  #probe: Promise<BackendFacts> | null = null;
  #isTold = false;
  #facts: BackendFacts = { type: 'unavailable', reason: 'The sandbox has not been looked for yet.' };

  constructor(options: SandboxOptions) {
    this.#options = options;
    this.#stubs = new Stubs(join(options.home, 'run'));
  }

  async ready(signal: AbortSignal): Promise<void> {
    await this.facts(signal);
  }

  /** What works here. An aborted look is not remembered. */
  async facts(signal: AbortSignal): Promise<BackendFacts> {
    const { processes, bwrapPath, backends } = this.#options;
    this.#probe ??= probeBackend({ processes, bwrapPath, backends, signal });
    const facts = await this.#probe;
    if (signal.aborted && facts.type === 'unavailable') this.#probe = null;
    this.#facts = facts;
    this.#stubs.sweepLeftovers();
    return facts;
  }

  /** Why commands can't be held in here, or not fully, once a session; null if they can, or it was told. */
  takeNotice(): string | null {
    if (this.#isTold || this.#probe === null) return null;
    const { type } = this.#facts;
    if (type === 'bwrap' || type === 'seatbelt') return null;
    this.#isTold = true;
    if (type === 'unavailable') return this.#facts.reason;
    return `Commands are held by Landlock, which holds less than bubblewrap: entries directly in a folder with a .git can't be made by commands, and processes aren't kept apart. The reason: ${this.#facts.reason}`;
  }

  plan(request: PlanRequest): Planned {
    return plan(
      request,
      {
        ...this.#options,
        isStandIn: (path) => this.#stubs.isHeld(path),
        planMounts: (options) => this.#mounts.plan(options, this.#stubs.areHeld),
      },
      this.#facts,
    );
  }

  denial(plan: ExecPlan, end: EndedCommand): Denial | null {
    return denialOf(plan, end);
  }

  hold(plan: ExecPlan): () => void {
    return this.#stubs.hold(plan);
  }

  close(): void {
    this.#stubs.close();
  }
}
