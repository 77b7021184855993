export type { CommandSpec, Enforced, ExecPlan, SandboxBackend, Scope } from './exec-plan.ts';
export { directPlanner, type EndedCommand, type PlanRequest, plan, type SandboxPlanner } from './plan.ts';
export { realPath } from './real-path.ts';
export { type SeccompOptions, seccompProgram } from './seccomp/program.ts';
export type { FilterArch } from './seccomp/syscall-numbers.ts';
export { mayWrite, type WritePolicyOptions, writableRoots, writeJudge } from './writable.ts';
