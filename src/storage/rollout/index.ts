export { forkLines, isCopied } from './fork-lines.ts';
export {
  answeredRequest,
  fingerprintOf,
  InputList,
  type LastRequest,
  lastRequest,
  NO_REQUEST,
} from './last-request.ts';
export { acquireLease, type Lease, ownerAddress, ThreadOwnedError } from './lease.ts';
export { threadLog } from './log-reader.ts';
export { parseLine } from './parse-line.ts';
export { archivedDir, parseRolloutName, placeInSessions, rolloutPath, sessionsDir, threadIdOf } from './paths.ts';
export { openRollout, type Rollout, readRollout } from './read.ts';
export { type RecordedSubmissions, recordedSubmissions } from './recorded-submissions.ts';
export { FileRecorder, NullRecorder, type RolloutRecorder } from './recorder.ts';
export { planRollback, rolledBackTurns, survivingLines } from './rollback.ts';
export { type ReadLine, rolloutLines } from './rollout-lines.ts';
export { FencedRecorder, replaceByCopy } from './take-over.ts';
export { textLines } from './text-lines.ts';
export type {
  DoneTask,
  HistoryEntry,
  LoggedTurn,
  OpenTurn,
  OpenTurnLine,
  TaskEnd,
  ThreadLog,
  TurnOffer,
} from './thread-log.ts';
export { TurnMarks } from './turn-marks.ts';
