export type { ServerPrompt } from '../../models/mcp/index.ts';
export type { ThreadPage, ThreadQuery, ThreadSummary } from '../../storage/threads/index.ts';
export type { ClientDocuments, CustomCall, CustomResult, CustomTool, PreparedCall } from '../../tools/index.ts';
export {
  type ContextKind,
  type Session,
  type SessionReport,
  submitIfOpen,
  type ThreadOrigin,
} from '../session/index.ts';
export { type Mode, modeOf, modes, workspacePolicyOf } from './access-modes.ts';
export { followTurn, rollBack } from './follow-turn.ts';
export { formAnswer, questionForm } from './question-form.ts';
export { RecordedThreads } from './recorded-threads.ts';
export { type LiveThread, Threads } from './threads.ts';
