export { findRollout, rolloutsNewestFirst, type ThreadSelector } from './find.ts';
export { acquireLease, type Lease } from './lease.ts';
export { parseRolloutName, rolloutPath } from './paths.ts';
export { type Rollout, readRollout } from './read.ts';
export { FileRecorder, NullRecorder, type RolloutRecorder } from './recorder.ts';
export {
  type HistoryEntry,
  type LoggedTurn,
  type OpenTurn,
  type OpenTurnLine,
  type ThreadLog,
  type TurnEntry,
  threadLog,
} from './thread-log.ts';
