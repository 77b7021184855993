import type { SandboxPolicy } from '../protocol/index.ts';
import type { CommandSpec, ExecPlan, Scope } from './exec-plan.ts';

export interface PlanRequest {
  readonly spec: CommandSpec;
  readonly policy: SandboxPolicy;
  /** Absent: held to the policy. */
  readonly scope?: Scope;
}

/** How a command ended, as far as it tells whether its sandbox stopped it. */
export interface EndedCommand {
  readonly exitCode: number;
  /** What it printed, or the beginning and end of that. */
  readonly output: string;
}

/** Decides how commands are held, and afterwards whether that is what stopped one. */
export interface SandboxPlanner {
  /** Pure: the same plan for the same request. */
  plan(request: PlanRequest): ExecPlan;
  /** What the sandbox refused, in a few words; null if the command's end does not come from its sandbox. */
  denial(plan: ExecPlan, end: EndedCommand): string | null;
}

/**
 * How a command is run: pure data, the same for the same request. This build knows one backend, `none`, which holds a
 * command to nothing and says so.
 */
export function plan({ spec, policy: _policy }: PlanRequest): ExecPlan {
  return {
    backend: 'none',
    spawn: { argv: spec.argv, cwd: spec.cwd, env: spec.env },
    enforced: { fileWrites: false, fileReads: false, network: false, processes: false },
  };
}

/** Runs every command as it is, and so never denies anything. */
export const directPlanner: SandboxPlanner = { plan, denial: () => null };
