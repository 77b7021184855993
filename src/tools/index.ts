export type { AgentMessage, AgentOutcome, AgentStart, AgentTools, AgentView, WaitOutcome } from './agents.ts';
export { withNote } from './appended-note.ts';
export type { ApprovalSubject, Approver } from './approver.ts';
export { patchSection } from './builtin/specs/apply-patch.ts';
export { builtinTools, registerAgentTools, specsFor } from './builtin-tools.ts';
export { abortedOutput, NOT_BEGUN, STOPPED_BY_SANDBOX } from './cut-off.ts';
export { CallGate } from './gate.ts';
export {
  type CallOutcome,
  callDigest,
  type HostedCall,
  type HostedRun,
  LocalToolHost,
  type ToolHost,
  unknownOutcome,
} from './host/index.ts';
export { LoopWatch } from './loop-watch.ts';
export { type WithMcpTools, withMcpTools } from './mcp/turn-tools.ts';
export { ApprovalCache, type CommandRules, type Orchestrated, Orchestrator } from './orchestrator/index.ts';
export { ToolRegistry } from './registry.ts';
export { type Dispatch, dispatch, outputItem, toolCallOf } from './router.ts';
export type { ToolCall, ToolOutput, ToolPayload } from './tool-call.ts';
export { AGENT_TOOLS, offeredTools } from './tool-set.ts';
export type { ToolContext, ToolHandler, ToolRegistration, TurnEvents } from './types.ts';
