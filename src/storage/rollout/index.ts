export { archiveThread, unarchiveThread } from './archive.ts';
export { findRollout } from './find.ts';
export { forkLines, isCopied } from './fork-lines.ts';
export { fingerprintOf, InputList, lastRequestItems } from './last-request.ts';
export { acquireLease, type Lease } from './lease.ts';
export type { ThreadPage, ThreadQuery, ThreadSummary } from './list-threads.ts';
export { type HistoryAnswer, type HistoryLookup, MessageHistory } from './message-history.ts';
export { rolloutPath, threadIdOf } from './paths.ts';
export { type Rollout, readRollout } from './read.ts';
export { FileRecorder, NullRecorder, type RolloutRecorder } from './recorder.ts';
export { planRollback, rolledBackTurns, survivingLines } from './rollback.ts';
export { type ReadLine, rolloutLines } from './rollout-lines.ts';
export { ThreadIndex } from './thread-index.ts';
export {
  type HistoryEntry,
  type LoggedTurn,
  type OpenTurn,
  type OpenTurnLine,
  type ThreadLog,
  threadLog,
} from './thread-log.ts';
export { nameThread } from './thread-names.ts';
export { TurnMarks } from './turn-marks.ts';
