import type { FileUpdate } from '../protocol/index.ts';
import type { VerifiedPatch } from './verify.ts';

/** Lines around a change in what people are shown of a patch. */
const CONTEXT_LINES = 1;

/** A verified patch as people see it: per file the whole text of a new or removed one, else a unified diff. */
export async function fileUpdates({ changes }: VerifiedPatch): Promise<FileUpdate[]> {
  const { structuredPatch } = await import('diff');
  const diffOf = (before: string, after: string) =>
    structuredPatch('', '', before, after, undefined, undefined, { context: CONTEXT_LINES })
      .hunks.map(
        (hunk) =>
          `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@\n${hunk.lines.join('\n')}\n`,
      )
      .join('');
  const moved = new Set(changes.flatMap(({ movedFrom }) => movedFrom ?? []));
  const original = new Map(changes.map(({ path, before }) => [path, before]));
  return changes.flatMap(({ path, before, after, movedFrom }): FileUpdate[] => {
    if (movedFrom !== null) {
      const diff = diffOf(original.get(movedFrom) ?? '', after ?? '');
      return [{ path: movedFrom, kind: { type: 'update', movePath: path }, diff }];
    }
    if (after === null) return moved.has(path) ? [] : [{ path, kind: { type: 'delete' }, diff: before ?? '' }];
    if (before === null) return [{ path, kind: { type: 'add' }, diff: after }];
    return [{ path, kind: { type: 'update', movePath: null }, diff: diffOf(before, after) }];
  });
}

/** As unified diffs write it: the count only where it is not one. */
function range(start: number, lines: number): string {
  return lines === 1 ? String(start) : `${start},${lines}`;
}
