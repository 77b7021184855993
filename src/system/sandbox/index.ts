export { type CheckOptions, checkSandbox } from './check.ts';
export type { Denial, EndedCommand } from './denial.ts';
export { describePlan } from './describe.ts';
export type {
  BackendFacts,
  CommandSpec,
  Enforced,
  ExecPlan,
  Mount,
  Planned,
  SandboxBackend,
  Scope,
} from './exec-plan.ts';
export { SandboxManager, type SandboxOptions, type SandboxPlanner } from './manager.ts';
export { directPlan, type PlanRequest, plan, type SandboxSetup } from './plan.ts';
export { probeBackend } from './probe.ts';
export type { ProtectionOptions } from './protected-paths.ts';
export { type HiddenOptions, readJudge } from './readable.ts';
export { realPath } from './real-path.ts';
export { SessionRoots } from './roots.ts';
export { type SeccompOptions, seccompProgram } from './seccomp/program.ts';
export type { FilterArch } from './seccomp/syscall-numbers.ts';
export {
  everWritableRoots,
  mayWrite,
  type WriteFault,
  type WritePolicyOptions,
  writableRoots,
  writeFaultJudge,
  writeJudge,
} from './writable.ts';
