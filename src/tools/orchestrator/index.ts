export { ApprovalCache } from './approval-cache.ts';
export type { ApprovalSubject, Approver } from './approver.ts';
export type { HostedRun } from './hosted-run.ts';
export { type CommandRules, Orchestrator } from './orchestrator.ts';
export type { Orchestrated } from './requests.ts';
export type { HookOpinion } from './requirement.ts';
