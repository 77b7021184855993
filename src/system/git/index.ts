export type { GhostCommit } from './ghost-commit.ts';
export { type Environment, readingEnvironment } from './hardening.ts';
export { namesDrivers } from './names-programs.ts';
export { findRepository, type Repository, repositoryPlace } from './repository.ts';
export { gatherRepositoryFacts, type RepositoryFacts } from './repository-facts.ts';
export { type RestoredPath, type RestoreResult, restoreSnapshot } from './restore-snapshot.ts';
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
} from './review-targets.ts';
export { type GitOptions, type GitResult, runGit } from './run-git.ts';
export { SNAPSHOT_LIMITS, type SnapshotLimits } from './survey.ts';
export {
  type LeftOutPath,
  NO_REPOSITORY,
  type SnapshotResult,
  takeSnapshot,
  type UndoOptions,
} from './take-snapshot.ts';
export { type TidyOptions, tidySnapshots, tidySnapshotsIfDue } from './tidy-snapshots.ts';
export {
  type ChangedFile,
  type UncommittedChanges,
  type UncommittedOptions,
  uncommittedChanges,
} from './uncommitted-changes.ts';
export { type DiffOptions, diffWorkTree, type WorkTreeDiff } from './work-tree-diff.ts';
