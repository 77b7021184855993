export { describeFirstRequest } from './describe-request.ts';
export { FileLog, type Log } from './log.ts';
export { type OpenSessionOptions, openSession, type ThreadOrigin } from './open.ts';
export {
  type RecordedTurn,
  type ReplayedRequest,
  ReplayedThread,
  type ReplayedTurn,
} from './replay/replayed-thread.ts';
export { Session } from './session.ts';
export { submitIfOpen } from './submit-if-open.ts';
