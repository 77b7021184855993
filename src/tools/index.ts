export { endedSessionText } from './builtin/index.ts';
export {
  type AgentMessage,
  type AgentOutcome,
  type AgentStart,
  type AgentTools,
  type AgentView,
  type ClientDocuments,
  failedOutput,
  type ToolContext,
  type ToolOutput,
  ToolRegistry,
  type TurnEvents,
  type WaitOutcome,
  withNote,
} from './contract/index.ts';
export type { CustomCall, CustomResult, CustomTool, PreparedCall } from './custom/index.ts';
export { registerCustomTools } from './custom/index.ts';
export {
  callText,
  LocalToolHost,
  type ToolHost,
  unknownOutcome,
} from './host/index.ts';
export { type WithMcpTools, withMcpTools } from './mcp/index.ts';
export {
  ApprovalCache,
  type ApprovalSubject,
  type Approver,
  type CommandRules,
  type HookOpinion,
  type HostedRun,
  Orchestrator,
} from './orchestrator/index.ts';
export {
  abortedOutput,
  BEHIND_UNKNOWN,
  CallGate,
  dispatch,
  LoopWatch,
  NOT_BEGUN,
  outputItem,
  STOPPED_BY_SANDBOX,
  showFailure,
  toolCallOf,
  toolOutputOf,
} from './router/index.ts';
export { checkToolLists, isAllowedTool } from './tool-filter.ts';
export {
  AGENT_TOOLS,
  builtinTools,
  offeredTools,
  REQUEST_USER_INPUT,
  registerAgentTools,
  specsFor,
  WEB_FETCH,
  WEB_SEARCH,
} from './tool-set.ts';
