export { checkServers } from './check-servers.ts';
export { describeFirstRequest } from './describe-request.ts';
export { FileLog } from './log.ts';
export { type OpenSessionOptions, openSession } from './open.ts';
export type { ReplayedRequest } from './replay/replay-ports.ts';
export { ReplayedThread, type ReplayedTurn } from './replay/replayed-thread.ts';
export type { ContextKind, SessionReport } from './reports/report.ts';
export { Session, submitIfOpen } from './session.ts';
export type { ThreadLabel, ThreadOrigin } from './thread/open-thread.ts';
