export { ApprovalCache } from './approval-cache.ts';
export {
  type CommandRequest,
  type CommandRules,
  type Orchestrated,
  Orchestrator,
  type PatchRequest,
} from './orchestrator.ts';
