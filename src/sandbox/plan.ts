import type { SandboxPolicy } from '../protocol/index.ts';
import type { CommandSpec, ExecPlan } from './exec-plan.ts';

export interface PlanRequest {
  readonly spec: CommandSpec;
  readonly policy: SandboxPolicy;
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
