export {
  type AgentMessage,
  type AgentOutcome,
  type AgentStart,
  type AgentTools,
  type AgentView,
  type Tool,
  type ToolCall,
  type ToolContext,
  type ToolHandler,
  type ToolOutput,
  type ToolPayload,
  ToolRegistry,
  type TurnEvents,
  type WaitOutcome,
  withNote,
} from './contract/index.ts';
export {
  type CallOutcome,
  callDigest,
  type HostedCall,
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
  type HostedRun,
  type Orchestrated,
  Orchestrator,
} from './orchestrator/index.ts';
export {
  abortedOutput,
  CallGate,
  type Dispatch,
  dispatch,
  LoopWatch,
  NOT_BEGUN,
  outputItem,
  STOPPED_BY_SANDBOX,
  toolCallOf,
} from './router/index.ts';
export { AGENT_TOOLS, builtinTools, offeredTools, registerAgentTools, specsFor } from './tool-set.ts';
