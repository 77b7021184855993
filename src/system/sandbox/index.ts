export { probeBackend } from './backends/probe.ts';
export { type CheckOptions, checkSandbox } from './check/check.ts';
export { SandboxManager, type SandboxPlanner } from './manager.ts';
export { type HiddenOptions, readJudge } from './places/readable.ts';
export { SessionRoots } from './places/roots.ts';
export {
  everWritableRoots,
  nameFaultJudge,
  type WriteFault,
  writableRoots,
  writeFaultJudge,
} from './places/writable.ts';
export { type Denial, type EndedCommand, isNetworkDenial } from './plan/denial.ts';
export { describePlan } from './plan/describe.ts';
export type { CommandSpec, ExecPlan, Scope } from './plan/exec-plan.ts';
export type { PlanRequest } from './plan/plan.ts';
export type { ProtectionOptions } from './protected/protected-paths.ts';
