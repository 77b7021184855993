import { realpathSync } from 'node:fs';
import { type BytePath, isWithin, toText } from '../byte-path.ts';
import { findRepository, pathInRepository, type Repository } from '../repository.ts';
import type { Environment } from '../run/hardening.ts';
import { GitFailure } from '../run/run-git.ts';
import { commitSnapshot, type GhostCommit } from './ghost-commit.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { type LeftOut, SNAPSHOT_LIMITS, type SnapshotLimits } from './survey.ts';
import { type RecordRequest, recordWorkTree, repositoryState } from './work-tree.ts';

export interface UndoOptions {
  /** The turn's working directory: nothing outside of it is looked at or touched. */
  readonly cwd: string;
  /** keel's own directory. */
  readonly home: string;
  /** The user's environment, for PATH and HOME. */
  readonly env: Environment;
  /** Further directories in which commands may write: no git is taken from there. */
  readonly roots?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly limits?: Partial<SnapshotLimits>;
  readonly now?: () => number;
}

export interface LeftOutPath {
  /** Relative to the root of the work tree. */
  readonly path: string;
  readonly why: LeftOut['why'];
}

export type SnapshotResult =
  | {
      readonly type: 'taken';
      readonly snapshot: GhostCommit;
      /** What an undo will not bring back. */
      readonly leftOut: readonly LeftOutPath[];
      readonly files: number;
    }
  | { readonly type: 'skipped'; readonly cause: 'notARepository' | 'aborted' | 'failed'; readonly reason: string };

/**
 * Keeps the files of a directory as they are now, so that `restoreSnapshot` can bring them back: tracked ones and those that
 * git would add, byte for byte. The repository is only read: no index, HEAD, ref, stash, object or setting of it changes.
 */
export async function takeSnapshot(options: UndoOptions): Promise<SnapshotResult> {
  const place = undoPlace(options.cwd);
  if (place === null) return { type: 'skipped', cause: 'notARepository', reason: NO_REPOSITORY };
  try {
    const { scope, repository } = place;
    const { store, head } = await openStore(options, repository);
    const limits = { ...SNAPSHOT_LIMITS, ...options.limits };
    return (await storeSnapshot(store, { scope, limits }, head)).result;
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    return { type: 'skipped', cause: error.isAbort ? 'aborted' : 'failed', reason: error.message };
  }
}

export const NO_REPOSITORY = 'the working directory is in no git repository: run `git init` to be able to undo';

export interface UndoPlace {
  readonly repository: Repository;
  readonly scope: BytePath;
}

/** Null outside of a repository. */
export function undoPlace(cwd: string): UndoPlace | null {
  const repository = findRepository(cwd);
  const scope = repository === null ? null : pathInRepository(repository, realpathSync(cwd));
  return repository === null || scope === null ? null : { repository, scope };
}

/** @throws GitFailure */
export async function openStore(
  { home, env, roots, signal, now = Date.now }: UndoOptions,
  repository: Repository,
): Promise<{ readonly store: SnapshotStore; readonly head: string | null }> {
  const { format, head } = await repositoryState({ repository, env, roots, signal });
  return { store: SnapshotStore.open({ repository, home, env, roots, signal, now }, format), head };
}

export interface NewSnapshot {
  readonly result: Extract<SnapshotResult, { type: 'taken' }>;
  /** Object id of what it holds. */
  readonly tree: string;
}

/** @throws GitFailure */
export async function storeSnapshot(
  store: SnapshotStore,
  request: RecordRequest,
  head: string | null,
): Promise<NewSnapshot> {
  const recorded = await recordWorkTree(store, request);
  const snapshot = await commitSnapshot(store, recorded, { scope: request.scope, head });
  const leftOut = recorded.leftOut.map(({ path, why }) => ({ path: toText(path), why }));
  return { result: { type: 'taken', snapshot, leftOut, files: recorded.paths.length }, tree: recorded.tree };
}

/** The inner of two directories, if one holds the other. */
export function narrower(a: BytePath, b: BytePath): BytePath | null {
  if (isWithin(a, b)) return a;
  return isWithin(b, a) ? b : null;
}
