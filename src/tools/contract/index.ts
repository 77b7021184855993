export type { AgentMessage, AgentOutcome, AgentStart, AgentTools, AgentView, WaitOutcome } from './agent-tools.ts';
export { withNote } from './appended-note.ts';
export { argumentNames, type ParsedArguments, parseArguments, unknownFields } from './arguments.ts';
export { boundedText } from './bounded-text.ts';
export type { ClientDocuments } from './client-documents.ts';
export { failureReason } from './failure-reason.ts';
export {
  booleanSchema,
  described,
  escalation,
  functionSpec,
  keepRunning,
  numberSchema,
  textSchema,
  withoutEscalation,
  withoutFields,
} from './function-spec.ts';
export { jsonFault } from './json-fault.ts';
export { ToolRegistry } from './registry.ts';
export { abortedNote, limitText, showOutput } from './shown-output.ts';
export type { Tool, ToolContext, ToolHandler, TurnEvents, UserAnswers } from './tool.ts';
export { argumentsText, failedOutput, type ToolCall, type ToolOutput, type ToolPayload } from './tool-call.ts';
