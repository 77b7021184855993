import type { FileUpdate } from '../../../foundation/protocol/index.ts';
import type { VerifiedPatch } from '../verify.ts';
import { loadHunkWriter } from './unified-hunks.ts';

/** Context lines in the diffs that people are shown. */
const CONTEXT_LINES = 1;

/** A verified patch as people see it: the whole text of a new or removed file, else a unified diff. */
export async function fileUpdates({ changes }: VerifiedPatch): Promise<FileUpdate[]> {
  const hunks = await loadHunkWriter();
  const moved = new Set(changes.flatMap(({ movedFrom }) => movedFrom ?? []));
  const original = new Map(changes.map(({ path, before }) => [path, before]));
  return changes.flatMap(({ path, before, after, movedFrom }): FileUpdate[] => {
    if (movedFrom !== null) {
      const diff = hunks(original.get(movedFrom) ?? '', after ?? '', CONTEXT_LINES);
      return [{ path: movedFrom, kind: { type: 'update', movePath: path }, diff }];
    }
    if (after === null) return moved.has(path) ? [] : [{ path, kind: { type: 'delete' }, diff: before ?? '' }];
    if (before === null) return [{ path, kind: { type: 'add' }, diff: after }];
    return [{ path, kind: { type: 'update', movePath: null }, diff: hunks(before, after, CONTEXT_LINES) }];
  });
}
