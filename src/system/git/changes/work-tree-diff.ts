import { type BytePath, isWithin, toText } from '../byte-path.ts';
import { GitFailure } from '../run/run-git.ts';
import { type GhostCommit, readSnapshot } from '../snapshots/ghost-commit.ts';
import { planRestore } from '../snapshots/restore-plan.ts';
import type { SnapshotStore } from '../snapshots/snapshot-store.ts';
import { SNAPSHOT_LIMITS } from '../snapshots/survey.ts';
import { NO_REPOSITORY, narrower, openStore, type UndoOptions, undoPlace } from '../snapshots/take-snapshot.ts';
import { filesOfTree, pathspec, recordWorkTree } from '../snapshots/work-tree.ts';

const MAX_DIFF_BYTES = 1024 * 1024;
/** Paths that a command line can be asked to pass over. */
const MAX_PASSED_OVER = 500;

export interface DiffOptions extends UndoOptions {
  readonly maxBytes?: number;
}

export type WorkTreeDiff =
  | {
      readonly type: 'compared';
      /** In git's form, with renames and modes; empty if nothing differs. */
      readonly unifiedDiff: string;
      /** Files at the end are left away for their size. */
      readonly isCut: boolean;
    }
  | { readonly type: 'unavailable'; readonly reason: string };

/**
 * How the files of a directory differ now from a snapshot, whoever changed them. Content is compared byte for byte, without
 * the repository's settings; a file over 5 MiB counts as binary.
 */
export async function diffWorkTree(snapshot: Pick<GhostCommit, 'id'>, options: DiffOptions): Promise<WorkTreeDiff> {
  const place = undoPlace(options.cwd);
  if (place === null) return { type: 'unavailable', reason: NO_REPOSITORY };
  try {
    const { store } = await openStore(options, place.repository);
    const stored = await readSnapshot(store, snapshot.id);
    const scope = stored === null ? null : narrower(stored.scope, place.scope);
    if (stored === null || scope === null)
      return { type: 'unavailable', reason: 'keel has no snapshot of this directory' };
    const limits = { ...SNAPSHOT_LIMITS, ...options.limits };
    const known = (await filesOfTree(store, stored.tree)).map(({ path }) => path);
    const always = known.filter((path) => isWithin(path, scope));
    const { tree } = await recordWorkTree(store, { scope, limits, always });
    const { kept } = await planRestore(store, stored, { now: tree, scope });
    const { maxBytes = MAX_DIFF_BYTES } = options;
    return await unifiedDiff(store, { from: stored.tree, to: tree, scope, passedOver: kept, maxBytes });
  } catch (error) {
    if (error instanceof GitFailure) return { type: 'unavailable', reason: error.message };
    throw error;
  }
}

interface DiffRequest {
  readonly from: string;
  readonly to: string;
  readonly scope: BytePath;
  readonly passedOver: readonly BytePath[];
  readonly maxBytes: number;
}

async function unifiedDiff(store: SnapshotStore, request: DiffRequest): Promise<WorkTreeDiff> {
  const { from, to, scope, passedOver, maxBytes } = request;
  const names = passedOver.map(toText).filter((name) => !name.includes('\uFFFD'));
  const excluded = names.slice(0, MAX_PASSED_OVER).map((name) => `:(exclude,literal)${name}`);
  const form = ['--patch', '--find-renames', '--full-index', '--no-ext-diff', '--no-textconv', '--no-color'];
  const prefixes = ['--src-prefix=a/', '--dst-prefix=b/'];
  const args = ['-c', 'core.bigFileThreshold=5m', 'diff-tree', '-r', ...form, ...prefixes, from, to];
  const bytes = await store.git([...args, ...pathspec(scope), ...excluded], {
    maxOutputBytes: maxBytes + 1,
    isCutAllowed: true,
  });
  if (bytes.length <= maxBytes) return { type: 'compared', unifiedDiff: bytes.toString('utf8'), isCut: false };
  return { type: 'compared', unifiedDiff: wholeFiles(bytes.toString('utf8', 0, maxBytes)), isCut: true };
}

/** Without the file that is cut off; if that is the first, without the line. */
function wholeFiles(text: string): string {
  const lastFile = text.lastIndexOf('\ndiff --git ');
  return text.slice(0, (lastFile === -1 ? text.lastIndexOf('\n') : lastFile) + 1);
}
