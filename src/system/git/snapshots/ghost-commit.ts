import * as z from 'zod/mini';
import type { GhostSnapshotItem } from '../../../foundation/protocol/index.ts';
import { parseJson } from '../../../foundation/util/index.ts';
import { toText } from '../byte-path.ts';
import { GitFailure } from '../run/run-git.ts';
import type { SnapshotStore } from './snapshot-store.ts';
import type { RecordedTree } from './work-tree.ts';

/** What a rollout keeps of a snapshot. The id is all that is needed to go back to it. */
export type GhostCommit = GhostSnapshotItem['ghost_commit'];

const MAX_NAMED_PATHS = 100;
const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The message of a snapshot's commit: what an undo must know besides the files. Paths are byte paths. */
const SnapshotNotes = z.object({
  keel: z.literal(1),
  scope: z.string(),
  head: z.nullable(z.string()),
  leftOutFiles: z.array(z.string()),
  leftOutDirectories: z.array(z.string()),
  closedModes: z.record(z.string(), z.number()),
});
type SnapshotNotes = z.infer<typeof SnapshotNotes>;

export interface StoredSnapshot extends SnapshotNotes {
  readonly id: string;
  readonly tree: string;
}

/** Puts a recorded tree into a commit that nothing but the store knows. @throws GitFailure */
export async function commitSnapshot(
  store: SnapshotStore,
  recorded: RecordedTree,
  { scope, head }: Pick<SnapshotNotes, 'scope' | 'head'>,
): Promise<GhostCommit> {
  const pathsOf = (isFile: boolean) =>
    recorded.leftOut
      .filter(({ why }) => isFile === (why === 'largeFile' || why === 'unreadable'))
      .map(({ path }) => path);
  const [leftOutFiles, leftOutDirectories] = [pathsOf(true), pathsOf(false)];
  const { closedModes } = recorded;
  const notes: SnapshotNotes = { keel: 1, scope, head, leftOutFiles, leftOutDirectories, closedModes };
  // Without HEAD as its parent: what the store keeps does not depend on the history of the repository.
  const output = await store.git(['commit-tree', recorded.tree], { input: Buffer.from(`${asciiJson(notes)}\n`) });
  const id = output.toString('latin1').trim();
  store.keep(id);
  return {
    id,
    parent: head,
    preexisting_untracked_files: leftOutFiles.slice(0, MAX_NAMED_PATHS).map(toText),
    preexisting_untracked_dirs: leftOutDirectories.slice(0, MAX_NAMED_PATHS).map(toText),
  };
}

/** Null if the store has no such snapshot (any more). @throws GitFailure */
export async function readSnapshot(store: SnapshotStore, id: string): Promise<StoredSnapshot | null> {
  if (!OBJECT_ID.test(id)) return null;
  let text: string;
  try {
    text = (await store.git(['cat-file', 'commit', id])).toString('latin1');
  } catch (error) {
    if (error instanceof GitFailure && !error.isAbort) return null;
    throw error;
  }
  const tree = /^tree ([0-9a-f]+)\n/.exec(text)?.[1];
  const notes = SnapshotNotes.safeParse(parseJson(text.slice(text.indexOf('\n\n') + 2)));
  return tree !== undefined && notes.success ? { ...notes.data, id, tree } : null;
}

function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
