export type { GhostCommit } from './ghost-commit.ts';
export { findRepository, type Repository } from './repository.ts';
export { type RestoredPath, type RestoreResult, restoreSnapshot } from './restore-snapshot.ts';
export { type GitOptions, type GitResult, runGit } from './run-git.ts';
export { SNAPSHOT_LIMITS, type SnapshotLimits } from './survey.ts';
export { type LeftOutPath, type SnapshotResult, takeSnapshot, type UndoOptions } from './take-snapshot.ts';
