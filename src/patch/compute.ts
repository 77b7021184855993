import { closestPlace } from './closest-place.ts';
import { FileLines } from './file-lines.ts';
import { type Chunk, PatchFailure, type Row } from './patch.ts';

interface Replacement {
  readonly start: number;
  readonly length: number;
  /** Lines with their ends. */
  readonly lines: readonly string[];
}

/**
 * The text of a file after its chunks. Kept lines keep the file's own bytes, added ones get its line ending, and a text
 * that is not empty ends with a newline.
 * @throws PatchFailure `mismatch` naming what was not found
 */
export function computeText(old: string, chunks: readonly Chunk[], path: string): string {
  const file = new FileLines(old);
  const pieces: string[] = [file.mark];
  let at = 0;
  for (const { start, length, lines } of place(file, chunks, path)) {
    pieces.push(file.whole.slice(at, start).join(''), lines.join(''));
    at = start + length;
  }
  pieces.push(file.whole.slice(at).join(''));
  return pieces.join('');
}

/** Where each chunk goes, in the file's order and without overlaps. */
function place(file: FileLines, chunks: readonly Chunk[], path: string): Replacement[] {
  const replacements: Replacement[] = [];
  let cursor = 0;
  for (const chunk of chunks) {
    for (const header of chunk.headers) {
      const hit = file.seek([header], cursor, false);
      if (hit === null) {
        throw mismatch(`Failed to find context '${header}' in ${path}`, { file, wanted: [header], path });
      }
      cursor = hit + 1;
    }
    const replacement = placeChunk({ file, chunk, cursor, path });
    if (overlaps(replacement, replacements)) throw notFound(oldLines(chunk.rows), file, path);
    replacements.push(replacement);
    if (replacement.length > 0) cursor = replacement.start + replacement.length;
  }
  return replacements.toSorted((a, b) => a.start - b.start);
}

/** A block at the end of the file is looked for regardless of the cursor: it may lie on lines that are taken already. */
function overlaps(next: Replacement, earlier: readonly Replacement[]): boolean {
  return earlier.some(({ start, length }) => start < next.start + next.length && next.start < start + length);
}

interface Placing {
  readonly file: FileLines;
  readonly chunk: Chunk;
  readonly cursor: number;
  readonly path: string;
}

function placeChunk({ file, chunk, cursor, path }: Placing): Replacement {
  const old = oldLines(chunk.rows);
  if (old.length === 0) {
    const start = chunk.headers.length > 0 && !chunk.atEnd ? cursor : file.whole.length;
    return { start, length: 0, lines: newLines(chunk.rows, file, start) };
  }
  const hit = file.seek(old, cursor, chunk.atEnd);
  if (hit !== null) return { start: hit, length: old.length, lines: newLines(chunk.rows, file, hit) };
  // A blank row at the end of the block is often the end of the patch's text and not a line of the file.
  const shorter = old.at(-1) === '' ? file.seek(old.slice(0, -1), cursor, chunk.atEnd) : null;
  if (shorter === null) throw notFound(old, file, path);
  return { start: shorter, length: old.length - 1, lines: newLines(withoutLastBlank(chunk.rows), file, shorter) };
}

function oldLines(rows: readonly Row[]): string[] {
  return rows.filter((row) => row.type !== 'add').map((row) => row.text);
}

/** Without the last old line, which is blank and not in the file, and without one blank line at the end of the new ones. */
function withoutLastBlank(rows: readonly Row[]): Row[] {
  const lastOld = rows.findLastIndex((row) => row.type !== 'add');
  const rest = rows.flatMap((row, at): Row[] => {
    if (at !== lastOld) return [row];
    return row.type === 'keep' ? [{ type: 'add', text: '' }] : [];
  });
  const last = rest.at(-1);
  return last?.type === 'add' && last.text === '' ? rest.slice(0, -1) : rest;
}

function newLines(rows: readonly Row[], file: FileLines, start: number): string[] {
  const lines: string[] = [];
  let at = start;
  for (const row of rows) {
    if (row.type === 'add') lines.push(row.text + file.ending);
    if (row.type === 'keep') lines.push(file.whole[at] ?? '');
    if (row.type !== 'add') at += 1;
  }
  return lines;
}

function notFound(old: readonly string[], file: FileLines, path: string): PatchFailure {
  return mismatch(`Failed to find expected lines in ${path}:\n${old.join('\n')}`, { file, wanted: old, path });
}

function mismatch(
  message: string,
  { file, wanted, path }: { file: FileLines; wanted: readonly string[]; path: string },
): PatchFailure {
  return new PatchFailure({ type: 'mismatch', message, closest: closestPlace(file, wanted, path) });
}
