export type { ThreadPage, ThreadQuery, ThreadSummary } from '../../storage/threads/index.ts';
export type { ContextKind, Session, SessionReport, ThreadOrigin } from '../session/index.ts';
export { Threads, type ThreadsOptions } from './threads.ts';
