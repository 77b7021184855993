/**
 * keel inside your own program.
 *
 * @example
 * ```ts
 * import { Keel } from 'keel';
 *
 * const keel = new Keel({ cwd: '/path/to/repository' });
 * const thread = await keel.startThread();
 * const { finalResponse } = await thread.run('Why does the build fail?');
 * await thread.close();
 * ```
 */

export type { CustomCall, CustomTool, ThreadPage, ThreadQuery, ThreadSummary } from '../../engine/threads/index.ts';
export {
  type ApprovalDecision,
  type ApprovalRequest,
  type ErrorKind,
  KeelError,
  type ReviewFinding,
  type ReviewOutput,
  type ReviewTarget,
  type SessionEvent,
  type SettingsUpdate,
  type ThreadItem,
  type TokenUsage,
  type Turn,
  type UserInput,
} from '../../foundation/protocol/index.ts';
export type { ApprovalHandler, ApprovalSource, QuestionAnswers, QuestionHandler } from './handlers.ts';
export { Keel, type KeelOptions, type ThreadSetup } from './keel.ts';
export type {
  CustomModel,
  ModelMessage,
  ModelOptions,
  ModelOutput,
  ModelRequest,
  ModelTool,
  ModelToolCall,
} from './model.ts';
export {
  type ReviewResult,
  type RollbackResult,
  type RunOptions,
  Thread,
  type TurnOptions,
  type TurnResult,
  type UndoResult,
} from './thread.ts';
export { type ToolOptions, tool } from './tool.ts';
export type { ModelTransport, TransportRequest, TransportResponse } from './transport.ts';
