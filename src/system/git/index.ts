export {
  type Found,
  findCommit,
  findWorkTree,
  localBranches,
  mergeBase,
  type ReviewOptions,
  recentCommits,
} from './changes/review-targets.ts';
export { type UncommittedOptions, uncommittedChanges } from './changes/uncommitted-changes.ts';
export { findRepository, repositoryPlace } from './repository.ts';
export { gatherRepositoryFacts, type RepositoryFacts } from './repository-facts.ts';
export { readingEnvironment } from './run/hardening.ts';
export { namesDrivers } from './run/names-programs.ts';
export { runGit } from './run/run-git.ts';
export { type RestoreResult, restoreSnapshot } from './snapshots/restore-snapshot.ts';
export { type LeftOutPath, NO_REPOSITORY, takeSnapshot } from './snapshots/take-snapshot.ts';
export { tidySnapshotsIfDue } from './snapshots/tidy-snapshots.ts';
