export { archiveThread, unarchiveThread } from './archive.ts';
export { deleteThread } from './delete.ts';
export { findRollout, hasThread } from './find.ts';
export type { ThreadPage, ThreadQuery, ThreadSummary } from './list-threads.ts';
export { type HistoryAnswer, type HistoryLookup, MessageHistory } from './message-history.ts';
export { type RecordedRequest, type RequestingThread, requestingThread, requestsIn } from './recorded-requests.ts';
export { rolloutsNewestFirst } from './rollout-files.ts';
export { ThreadIndex } from './thread-index.ts';
export { nameThread } from './thread-names.ts';
