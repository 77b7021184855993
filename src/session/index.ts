export { describeFirstRequest } from './describe-request.ts';
export { FileLog, type Log } from './log.ts';
export { type OpenSessionOptions, openSession, type ThreadOrigin } from './open-session.ts';
export { Session } from './session.ts';
