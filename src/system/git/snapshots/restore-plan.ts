import { ancestorsOf, type BytePath, isSafePath, nameOf } from '../byte-path.ts';
import type { StoredSnapshot } from './ghost-commit.ts';
import { ignoredNow, ignoredThen } from './ignored-paths.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import { compareTrees, type TreeChange } from './work-tree.ts';

export interface RestorePlan {
  readonly writes: readonly TreeChange[];
  readonly removals: readonly BytePath[];
  /** Came since, but is not removed: it was there before out of the snapshot's sight. */
  readonly kept: readonly BytePath[];
}

/**
 * What leads from the tree `now` back to a snapshot, within `scope`. A file that came since is removed only if the snapshot
 * would have held it had it been there: not if it was left out for its size, or is ignored by the rules of that time.
 * @throws GitFailure
 */
export async function planRestore(
  store: SnapshotStore,
  snapshot: StoredSnapshot,
  { now, scope }: { readonly now: string; readonly scope: BytePath },
): Promise<RestorePlan> {
  const changes = (await compareTrees(store, now, snapshot.tree, scope)).filter(({ path }) => isSafePath(path));
  const leftOut = new Set([...snapshot.leftOutFiles, ...snapshot.leftOutDirectories]);
  const wasLeftOut = (path: BytePath) => [path, ...ancestorsOf(path)].some((part) => leftOut.has(part));
  const added = changes.filter(({ change }) => change === 'deleted').map(({ path }) => path);
  const hasNewRules = changes.some(({ path }) => nameOf(path) === '.gitignore');
  const ignored = await (hasNewRules ? ignoredThen(store, snapshot, added) : ignoredNow(store, added));
  const isKept = (path: BytePath) => wasLeftOut(path) || ignored.has(path);
  return {
    writes: changes.filter(({ change }) => change !== 'deleted'),
    removals: added.filter((path) => !isKept(path)),
    kept: added.filter(isKept),
  };
}
