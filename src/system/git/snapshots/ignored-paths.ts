import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { ancestorsOf, type BytePath, joinZero, nameOf, parentOf, splitZero, toBytes } from '../byte-path.ts';
import { GitFailure } from '../run/run-git.ts';
import type { StoredSnapshot } from './ghost-commit.ts';
import { findBlobs, readBlobs } from './kept-blobs.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import { filesOfTree } from './work-tree.ts';

const RULES = '.gitignore';
/** The limit that git itself has for such a file. */
const MAX_RULES_BYTES = 100 * 1024 * 1024;

/** Which of these paths the rules of the work tree ignore, tracked or not. @throws GitFailure */
export function ignoredNow(store: SnapshotStore, paths: readonly BytePath[]): Promise<ReadonlySet<BytePath>> {
  return ask(store, paths, store.repository.root);
}

/**
 * Which of these paths were ignored when a snapshot was taken. Its rules are laid out in a directory of keel's own: the work
 * tree need not change before it is known what will become of it.
 * @throws GitFailure
 */
export async function ignoredThen(
  store: SnapshotStore,
  snapshot: StoredSnapshot,
  paths: readonly BytePath[],
): Promise<ReadonlySet<BytePath>> {
  const workTree = store.temporaryPath();
  mkdirSync(workTree, { mode: 0o700 });
  try {
    layOutOuterRules(store, snapshot.scope, workTree);
    await layOutRules(store, snapshot.tree, workTree);
    return await ask(store, paths, workTree);
  } finally {
    rmSync(workTree, { recursive: true, force: true });
  }
}

async function ask(store: SnapshotStore, paths: readonly BytePath[], workTree: string): Promise<ReadonlySet<BytePath>> {
  if (paths.length === 0) return new Set();
  // A name that begins with a colon would be taken for a pattern.
  const input = joinZero(paths.map((path) => `./${path}`));
  const args = ['check-ignore', '--no-index', '-z', '--stdin'];
  const output = await store.gitInRepository(args, { workTree, input, noneExitCode: 1 });
  return new Set(splitZero(output).map((path) => path.slice(2)));
}

/** Ignore files above the directory of the snapshot, as they are: an undo does not reach them. */
function layOutOuterRules(store: SnapshotStore, scope: BytePath, workTree: string): void {
  if (scope === '') return;
  for (const directory of ['', ...ancestorsOf(scope)]) {
    const path = directory === '' ? RULES : `${directory}/${RULES}`;
    const rules = outerRules(placeOf(store.repository.root, path));
    if (rules === null) continue;
    mkdirSync(placeOf(workTree, directory), { recursive: true });
    writeFileSync(placeOf(workTree, path), rules);
  }
}

/** Null for what git would not read as rules either. */
function outerRules(path: Buffer): Buffer | null {
  try {
    return readRegularFile(path, { maxBytes: MAX_RULES_BYTES, links: 'no' });
  } catch {
    // Most directories have none.
    return null;
  }
}

async function layOutRules(store: SnapshotStore, tree: string, workTree: string): Promise<void> {
  const rules = (await filesOfTree(store, tree)).filter(({ path }) => nameOf(path) === RULES);
  const found = await findBlobs(
    store,
    rules.map(({ object }) => object),
  );
  if (found.type === 'missing') throw new GitFailure('the rules of what to ignore are no longer in the repository');
  for (const batch of found.batches) {
    const contents = await readBlobs(store, batch);
    for (const { path, object } of rules) {
      const content = contents.get(object);
      if (content === undefined) continue;
      mkdirSync(placeOf(workTree, parentOf(path)), { recursive: true });
      writeFileSync(placeOf(workTree, path), content);
    }
  }
}

function placeOf(root: string, path: BytePath): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), toBytes(path)]);
}
