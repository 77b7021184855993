export {
  type Branch,
  type Commit,
  type Found,
  findCommit,
  findWorkTree,
  localBranches,
  mergeBase,
  type ReviewOptions,
  recentCommits,
} from './changes/review-targets.ts';
export {
  type ChangedFile,
  type UncommittedChanges,
  type UncommittedOptions,
  uncommittedChanges,
} from './changes/uncommitted-changes.ts';
export { type DiffOptions, diffWorkTree, type WorkTreeDiff } from './changes/work-tree-diff.ts';
export { findRepository, type Repository, repositoryPlace } from './repository.ts';
export { gatherRepositoryFacts, type RepositoryFacts } from './repository-facts.ts';
export { type Environment, readingEnvironment } from './run/hardening.ts';
export { namesDrivers } from './run/names-programs.ts';
export { type GitOptions, type GitResult, runGit } from './run/run-git.ts';
export type { GhostCommit } from './snapshots/ghost-commit.ts';
export { type RestoredPath, type RestoreResult, restoreSnapshot } from './snapshots/restore-snapshot.ts';
export { SNAPSHOT_LIMITS, type SnapshotLimits } from './snapshots/survey.ts';
export {
  type LeftOutPath,
  NO_REPOSITORY,
  type SnapshotResult,
  takeSnapshot,
  type UndoOptions,
} from './snapshots/take-snapshot.ts';
export { tidySnapshotsIfDue } from './snapshots/tidy-snapshots.ts';
