export { ApprovalCache } from './approval-cache.ts';
export { type CommandRequest, type Orchestrated, Orchestrator, type PatchRequest } from './orchestrator.ts';
