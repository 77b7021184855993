export type { CommandSpec, Enforced, ExecPlan, SandboxBackend } from './exec-plan.ts';
export { plan } from './plan.ts';
export { mayWrite, realPath, type WritePolicyOptions, writableRoots } from './writable.ts';
