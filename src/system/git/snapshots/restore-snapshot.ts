import { setImmediate as nextTick } from 'node:timers/promises';
import { ownValue, reasonOf } from '../../../foundation/util/index.ts';
import { ancestorsOf, type BytePath, isWithin, toText } from '../byte-path.ts';
import { GitFailure } from '../run/run-git.ts';
import { type GhostCommit, readSnapshot, type StoredSnapshot } from './ghost-commit.ts';
import { type Batches, findBlobs, readBlobs } from './kept-blobs.ts';
import { planRestore, type RestorePlan } from './restore-plan.ts';
import { RootedFs } from './rooted-fs.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import { SNAPSHOT_LIMITS } from './survey.ts';
import {
  type NewSnapshot,
  NO_REPOSITORY,
  narrower,
  openStore,
  storeSnapshot,
  type UndoOptions,
  undoPlace,
} from './take-snapshot.ts';
import { filesOfTree, type TreeChange } from './work-tree.ts';

/** What became of a file, relative to the root of the work tree: it came back, got its content back, or was removed. */
export interface RestoredPath {
  readonly path: string;
  readonly change: 'added' | 'modified' | 'deleted';
}

export interface Restored {
  readonly changes: readonly RestoredPath[];
  /** Not brought back, and why. */
  readonly failed: readonly { readonly path: string; readonly reason: string }[];
  /** Created since and kept, because the snapshot doesn't show whether they existed before. */
  readonly kept: readonly string[];
  /** Not part of the snapshot: large files, submodules, repositories inside this one. They stay as they are now. */
  readonly leftOut: readonly string[];
  /** The files as they were before: restoring it takes the undo back. */
  readonly before: GhostCommit;
  /** Another commit is checked out than was then. Commits and branches are never changed. */
  readonly hasHeadMoved: boolean;
}

export type RestoreResult =
  | ({ readonly type: 'restored' } & Restored)
  /** Stopped or broken off part of the way; `before` leads back. */
  | ({ readonly type: 'incomplete'; readonly reason: string } & Restored)
  /** Nothing was changed. */
  | { readonly type: 'refused'; readonly reason: string };

const BREATH = 64;

/**
 * Brings the files of a directory back to a snapshot: what was changed or deleted since has its old bytes again, what came
 * since is removed. Ignored files, what the snapshot left out, the index, HEAD and all outside of `cwd` stay as they are. The
 * present state is kept in a snapshot of its own before the first file is touched.
 */
export async function restoreSnapshot(snapshot: Pick<GhostCommit, 'id'>, options: UndoOptions): Promise<RestoreResult> {
  const place = undoPlace(options.cwd);
  if (place === null) return { type: 'refused', reason: NO_REPOSITORY };
  try {
    const { store, head } = await openStore(options, place.repository);
    const stored = await readSnapshot(store, snapshot.id);
    if (stored === null) return { type: 'refused', reason: 'keel no longer has the snapshot of that turn' };
    const scope = narrower(stored.scope, place.scope);
    if (scope === null) {
      const reason = `the snapshot is of ${toText(stored.scope)}, which is outside of the working directory`;
      return { type: 'refused', reason };
    }
    return await restore(store, stored, { scope, head, limits: { ...SNAPSHOT_LIMITS, ...options.limits } });
  } catch (error) {
    if (error instanceof GitFailure) return { type: 'refused', reason: error.message };
    throw error;
  }
}

interface Target {
  readonly scope: BytePath;
  readonly head: string | null;
  readonly limits: typeof SNAPSHOT_LIMITS;
}

async function restore(store: SnapshotStore, stored: StoredSnapshot, target: Target): Promise<RestoreResult> {
  const { scope, head, limits } = target;
  const all = await filesOfTree(store, stored.tree).catch(noTree);
  if (all === null) return { type: 'refused', reason: TREE_LOST };
  const files = all.map(({ path }) => path).filter((path) => isWithin(path, scope));
  // Also what git no longer sees of it, say because it is ignored by now: it will be written over.
  const before = await storeSnapshot(store, { scope, limits, always: files }, head);
  const plan = await planRestore(store, stored, { now: before.tree, scope });
  const tooLarge = new Set(before.result.leftOut.map(({ path }) => path));
  const writes = plan.writes.filter(({ path }) => !tooLarge.has(toText(path)));
  const found = await findBlobs(
    store,
    writes.map(({ object }) => object),
  );
  if (found.type === 'missing') {
    const reason = `the contents of ${found.count} files are no longer in the repository (\`git gc\` removed them)`;
    return { type: 'refused', reason };
  }
  const run = new Restoring({ store, plan: { ...plan, writes }, stored, scope });
  for (const { path } of plan.writes) if (tooLarge.has(toText(path))) run.fail(path, NO_WAY_BACK);
  const stopped = await run.carryOut(found.batches);
  const result = { ...run.report(before), hasHeadMoved: head !== stored.head };
  return stopped === null ? { type: 'restored', ...result } : { type: 'incomplete', reason: stopped, ...result };
}

const TREE_LOST = 'the folders of that turn are no longer in the repository (`git gc` removed them)';

/** git has no exit code of its own for a tree that is not there. */
function noTree(error: unknown): null {
  if (error instanceof GitFailure && error.message.includes('not a tree object')) return null;
  throw error;
}

const NO_WAY_BACK = 'what is there now is too large to be kept, and would be lost';

interface RestoringParts {
  readonly store: SnapshotStore;
  readonly plan: RestorePlan;
  readonly stored: StoredSnapshot;
  readonly scope: BytePath;
}

/** One restore on its way. */
class Restoring {
  readonly #parts: RestoringParts;
  readonly #changes: RestoredPath[] = [];
  readonly #failed: { readonly path: string; readonly reason: string }[] = [];
  #count = 0;

  constructor(parts: RestoringParts) {
    this.#parts = parts;
  }

  fail(path: BytePath, reason: string): void {
    this.#failed.push({ path: toText(path), reason });
  }

  report({ result }: NewSnapshot): Omit<Restored, 'hasHeadMoved'> {
    const changes = this.#changes.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    const { stored, scope, plan } = this.#parts;
    const leftOut = [...stored.leftOutFiles, ...stored.leftOutDirectories].filter((path) => isWithin(path, scope));
    return {
      changes,
      failed: this.#failed,
      kept: plan.kept.map(toText),
      leftOut: leftOut.map(toText),
      before: result.snapshot,
    };
  }

  /** Null when all was tried, else why not. */
  async carryOut(batches: Extract<Batches, { type: 'complete' }>['batches']): Promise<string | null> {
    using tree = new RootedFs(this.#parts.store.repository.root);
    try {
      // New paths go first: a file of the snapshot may belong where there is a directory now.
      for (const path of this.#parts.plan.removals) await this.#step(path, 'deleted', () => tree.remove(path));
      this.#removeEmptyDirectories(tree);
      for (const batch of batches) {
        const contents = await readBlobs(this.#parts.store, batch);
        for (const write of this.#parts.plan.writes) {
          const bytes = contents.get(write.object);
          const change = write.change === 'added' ? 'added' : 'modified';
          if (bytes !== undefined) await this.#step(write.path, change, () => this.#write(tree, write, bytes));
        }
      }
      return null;
    } catch (error) {
      if (error instanceof GitFailure) return error.message;
      throw error;
    }
  }

  async #step(path: BytePath, change: RestoredPath['change'], act: () => void): Promise<void> {
    if (this.#count % BREATH === 0) await nextTick();
    this.#count += 1;
    if (this.#parts.store.signal.aborted) throw new GitFailure('stopped', true);
    try {
      act();
      this.#changes.push({ path: toText(path), change });
    } catch (error) {
      this.fail(path, reasonOf(error));
    }
  }

  #write(tree: RootedFs, { path, mode }: TreeChange, bytes: Buffer): void {
    if (mode === '120000') return tree.link(path, bytes);
    const closedMode = ownValue(this.#parts.stored.closedModes, path) ?? null;
    tree.write(path, { bytes, isExecutable: mode === '100755', mode: closedMode });
  }

  /** Directories that held only what was removed; one that the snapshot fills is made again. */
  #removeEmptyDirectories(tree: RootedFs): void {
    const { scope } = this.#parts;
    const within = (directory: BytePath) => isWithin(directory, scope) && directory !== scope;
    const directories = new Set(this.#parts.plan.removals.flatMap(ancestorsOf).filter(within));
    const deepestFirst = [...directories].sort((a, b) => b.length - a.length);
    for (const directory of deepestFirst) tree.removeIfEmpty(directory);
  }
}
