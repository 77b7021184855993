export { ApprovalCache } from './approval-cache.ts';
export type { ApprovalSubject, Approver } from './approver.ts';
export type { HostedRun } from './hosted-run.ts';
export { type CommandRules, type Orchestrated, Orchestrator } from './orchestrator.ts';
