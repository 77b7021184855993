import { type Chunk, PatchFailure, type Row } from './patch.ts';
import { plain, trimmed, trimmedEnd } from './white-space.ts';

const BYTE_ORDER_MARK = '\ufeff';

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
  const mark = old.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  const whole = old.slice(mark.length).match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const bare = whole.map(withoutEnd);
  const replacements = place(bare, whole, chunks, path);
  const result = [...whole];
  for (const { start, length, lines } of replacements.toReversed()) result.splice(start, length, ...lines);
  const text = mark + result.join('');
  return text === mark || text.endsWith('\n') ? text : text + lineEnding(whole);
}

function place(
  bare: readonly string[],
  whole: readonly string[],
  chunks: readonly Chunk[],
  path: string,
): Replacement[] {
  const replacements: Replacement[] = [];
  const ending = lineEnding(whole);
  let cursor = 0;
  for (const chunk of chunks) {
    for (const header of chunk.headers) {
      const hit = seek(bare, [header], cursor, false);
      if (hit === null) mismatch(`Failed to find context '${header}' in ${path}`);
      cursor = hit + 1;
    }
    const replacement = placeChunk({ bare, whole, chunk, cursor, ending, path });
    replacements.push(replacement);
    if (replacement.length > 0) cursor = replacement.start + replacement.length;
  }
  const sorted = replacements.toSorted((a, b) => a.start - b.start);
  for (const [at, next] of sorted.entries()) {
    const before = sorted[at - 1];
    if (before && before.start + before.length > next.start) mismatch(`Failed to find expected lines in ${path}:`);
  }
  return sorted;
}

interface Placing {
  readonly bare: readonly string[];
  readonly whole: readonly string[];
  readonly chunk: Chunk;
  readonly cursor: number;
  readonly ending: string;
  readonly path: string;
}

function placeChunk({ bare, whole, chunk, cursor, ending, path }: Placing): Replacement {
  const old = chunk.rows.filter((row) => row.type !== 'add').map((row) => row.text);
  if (old.length === 0) {
    const start = chunk.headers.length > 0 && !chunk.atEnd ? cursor : whole.length;
    return { start, length: 0, lines: chunk.rows.map((row) => row.text + ending) };
  }
  const hit = seek(bare, old, cursor, chunk.atEnd);
  if (hit !== null) return { start: hit, length: old.length, lines: newLines(chunk.rows, whole, hit, ending) };
  // A blank row at the end of the block is often the end of the patch's text and not a line of the file.
  const shorter = old.at(-1) === '' ? seek(bare, old.slice(0, -1), cursor, chunk.atEnd) : null;
  if (shorter === null) mismatch(`Failed to find expected lines in ${path}:\n${old.join('\n')}`);
  const rows = withoutLastBlank(chunk.rows);
  return { start: shorter, length: old.length - 1, lines: newLines(rows, whole, shorter, ending) };
}

function withoutLastBlank(rows: readonly Row[]): Row[] {
  const lastOld = rows.findLastIndex((row) => row.type !== 'add');
  const rest = rows.filter((_, at) => at !== lastOld);
  return rest.at(-1)?.type === 'add' && rest.at(-1)?.text === '' ? rest.slice(0, -1) : rest;
}

function newLines(rows: readonly Row[], whole: readonly string[], start: number, ending: string): string[] {
  const lines: string[] = [];
  let at = start;
  for (const row of rows) {
    if (row.type === 'add') lines.push(row.text + ending);
    if (row.type === 'keep') lines.push(withEnd(whole[at] ?? '', ending));
    if (row.type !== 'add') at += 1;
  }
  return lines;
}

/** How alike two lines have to be, the strictest first: each is tried over the whole file before the next. */
const likenesses: readonly ((line: string) => string)[] = [(line) => line, trimmedEnd, trimmed, plain];

/** Where a run of lines begins, at `start` or later; with `atEnd` only where it ends the file. Null: nowhere. */
function seek(lines: readonly string[], wanted: readonly string[], start: number, atEnd: boolean): number | null {
  if (wanted.length === 0) return start;
  const last = lines.length - wanted.length;
  if (last < 0) return null;
  const from = atEnd ? last : start;
  for (const like of likenesses) {
    const want = wanted.map(like);
    for (let at = from; at <= last; at += 1) {
      if (want.every((line, offset) => like(lines[at + offset] ?? '') === line)) return at;
    }
  }
  return null;
}

function lineEnding(whole: readonly string[]): string {
  const crlf = whole.filter((line) => line.endsWith('\r\n')).length;
  return crlf > whole.length / 2 ? '\r\n' : '\n';
}

function withoutEnd(line: string): string {
  return line.replace(/\r?\n$/, '');
}

function withEnd(line: string, ending: string): string {
  return line.endsWith('\n') ? line : line + ending;
}

function mismatch(message: string): never {
  throw new PatchFailure({ type: 'mismatch', message });
}
