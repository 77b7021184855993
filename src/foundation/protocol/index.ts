// Composite schemas are built when first used (`z.lazy`): a start needs few of them, and building all takes a tenth of it.
export { ApprovalDecision, type ApprovalQuestion, ApprovalRequest, type FormValue, UserQuestion } from './approval.ts';
export {
  type CommandResult,
  type CommandState,
  commandEnd,
  commandOutput,
  commandResultJson,
  commandResultLines,
  finishedResult,
  jsonResultAsLines,
  steadyResult,
  timedOutLine,
  withCommandOutput,
} from './command-result.ts';
export { ErrorInfo, ErrorKind, KeelError, type KeelErrorOptions, toKeelError } from './error.ts';
export {
  type HookReport,
  type HookStatus,
  SessionEvent,
  type SessionEventOf,
  Turn,
  TurnWork,
  TypedMessage,
} from './event.ts';
export { Op } from './op.ts';
export {
  ApprovalPolicy,
  ReasoningEffort,
  ReasoningSummary,
  SandboxMode,
  SandboxPolicy,
  SessionSource,
  TaskKind,
  Verbosity,
} from './policy.ts';
export { CACHE_MISS_TEXTS, CacheMiss, RequestRecord } from './request-record.ts';
export {
  CALL_OUTCOMES,
  CallFacts,
  type CallItem,
  CHAT_THOUGHT_FIELDS,
  type ChatThoughtField,
  ContentItem,
  CustomToolCallItem,
  CustomToolCallOutputItem,
  FunctionCallItem,
  FunctionCallOutputItem,
  GhostSnapshotItem,
  ImageGenerationItem,
  LocalShellCallItem,
  MessageItem,
  OutputContentItem,
  type OutputItem,
  ProviderFields,
  ReasoningItem,
  ResponseItem,
  WebSearchCallItem,
} from './response-item.ts';
export { ReviewFinding, ReviewOutput, ReviewTarget } from './review.ts';
export {
  AgentStatusRecord,
  BudgetUsedRecord,
  CompactedRecord,
  ElidedOutput,
  EventRecord,
  LeaseRecord,
  RefusedContent,
  RequestFingerprint,
  RolloutItem,
  type RolloutLine,
  SessionApprovalRecord,
  SessionMeta,
  StepRecord,
  TurnContextRecord,
  TurnSetup,
} from './rollout.ts';
export { jsonSchemas } from './schema.ts';
export { SettingsUpdate } from './settings.ts';
export {
  AgentState,
  CommandAction,
  FileUpdate,
  ItemStatus,
  PlanStep,
  ThreadItem,
  type ThreadItemOf,
  WebSearchAction,
} from './thread-item.ts';
export { NO_USAGE, RateLimitSnapshot, RateLimitWindow, TokenUsage, TokenUsageInfo } from './usage.ts';
export { UserInput } from './user-input.ts';
