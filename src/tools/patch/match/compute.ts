import { type Chunk, PatchFailure, type Row } from '../patch.ts';
import { closestPlace } from './closest-place.ts';
import { FileLines, type Place } from './file-lines.ts';
import { describeDifference } from './lookalikes.ts';
import { type AddedRow, type IndentPair, reindented } from './reindent.ts';
import { leading, trimmed } from './white-space.ts';

interface Replacement {
  readonly start: number;
  readonly length: number;
  /** Lines with their ends. */
  readonly lines: readonly string[];
  /** Other places where the block fits. */
  readonly others: readonly number[];
  /** How the match differs from the patch, in words; null: not at all. */
  readonly looseness: string | null;
}

export interface ComputedText {
  readonly text: string;
  /** What the author of the patch has to know about how its blocks were placed. */
  readonly notes: readonly string[];
}

/**
 * The text of a file after its chunks. Kept lines keep the file's own bytes, added ones get its line ending and, where
 * they were matched apart from white space, its indentation. A text that is not empty ends with a newline.
 * @throws PatchFailure `mismatch` naming what was not found, or fits several places only loosely
 */
export function computeText(old: string, chunks: readonly Chunk[], path: string): ComputedText {
  const file = new FileLines(old);
  const pieces: string[] = [file.mark];
  const replacements = place(file, chunks, path);
  let at = 0;
  for (const { start, length, lines } of replacements) {
    pieces.push(file.whole.slice(at, start).join(''), lines.join(''));
    at = start + length;
  }
  pieces.push(file.whole.slice(at).join(''));
  return { text: pieces.join(''), notes: notesOn(replacements, file, path) };
}

/** The place of each chunk, in the file's order and without overlaps. */
function place(file: FileLines, chunks: readonly Chunk[], path: string): Replacement[] {
  const replacements: Replacement[] = [];
  let cursor = 0;
  for (const chunk of chunks) {
    const headers: Place[] = [];
    for (const header of chunk.headers) {
      const hit = file.find([header], cursor, false);
      if (hit === null) {
        throw mismatch(`Failed to find context '${header}' in ${path}`, { file, wanted: [header], path });
      }
      headers.push(hit);
      cursor = hit.at + 1;
    }
    const replacement = placeChunk({ file, chunk, headers, cursor, path });
    if (overlaps(replacement, replacements)) throw notFound(oldLines(chunk.rows), file, path);
    replacements.push(replacement);
    if (replacement.length > 0) cursor = replacement.start + replacement.length;
  }
  return replacements.toSorted((a, b) => a.start - b.start);
}

/** A block at the end of the file is searched for regardless of the cursor: it may overlap lines that are already taken. */
function overlaps(next: Replacement, earlier: readonly Replacement[]): boolean {
  return earlier.some(({ start, length }) => start < next.start + next.length && next.start < start + length);
}

interface Placing {
  readonly file: FileLines;
  readonly chunk: Chunk;
  readonly headers: readonly Place[];
  readonly cursor: number;
  readonly path: string;
}

function placeChunk(placing: Placing): Replacement {
  const { file, chunk, headers, cursor, path } = placing;
  const { rows, atEnd } = chunk;
  const old = oldLines(rows);
  if (old.length === 0) {
    const start = headers.length > 0 && !atEnd ? cursor : file.whole.length;
    return replacement(placing, rows, { at: start, others: [], isExact: true });
  }
  const hit = file.find(old, cursor, atEnd);
  if (hit !== null) return replacement(placing, rows, hit);
  // A blank row at the end of the block is often the end of the patch's text and not a line of the file.
  const isBlankLast = old.length > 1 && old.at(-1) === '';
  const shorter = isBlankLast ? file.find(old.slice(0, -1), cursor, atEnd) : null;
  if (shorter !== null) return replacement(placing, withoutLastBlank(rows), shorter);
  if (old.length === 1 && old[0] === '') {
    return replacement(placing, withoutLastBlank(rows), { at: cursor, others: [], isExact: true });
  }
  throw notFound(old, file, path);
}

/** The replacement at a place that was found, if it is certain enough. */
function replacement(placing: Placing, rows: readonly Row[], hit: Place): Replacement {
  const { file, headers, path } = placing;
  const old = oldLines(rows);
  const [header] = headers;
  // A header distinguishes equal blocks, unless it is itself ambiguous; the first of several headers decides for the rest.
  const anchor = header ?? hit;
  const isAmbiguous = anchor.others.length > 0 && (header === undefined || old.length === 0 || hit.others.length > 0);
  if (isAmbiguous && !anchor.isExact) throw severalPlaces([anchor.at, ...anchor.others], path);
  const pairs = indentPairs(placing, rows, hit);
  const added = addedRows(rows, file, hit.at);
  const texts = reindented(added, pairs);
  if (texts === null) throw unclearIndent(pairs, hit.at, path);
  const lines = newLines(rows, texts, file, hit.at);
  const isChange = lines.some((line, index) => line !== file.whole[hit.at + index]) || lines.length !== old.length;
  const looseness = hit.isExact || !isChange ? null : loosenessOf(old, file, hit.at);
  const isMoved = texts.some((text, index) => text !== added[index]?.text);
  return {
    start: hit.at,
    length: old.length,
    lines,
    others: isAmbiguous && isChange ? anchor.others : [],
    looseness: isMoved ? 'white space: the added rows were given the indentation of the file' : looseness,
  };
}

/** The added rows, each with the removed ones of its run: added rows replace the removed ones between the same kept rows. */
function addedRows(rows: readonly Row[], file: FileLines, start: number): AddedRow[] {
  const added: AddedRow[] = [];
  let replaced: IndentPair[] = [];
  let at = start;
  for (const row of rows) {
    if (row.type === 'add') added.push({ text: row.text, replaced });
    if (row.type === 'keep') replaced = [];
    if (row.type === 'remove' && trimmed(row.text) !== '') replaced.push(indentPair(row.text, file, at));
    if (row.type !== 'add') at += 1;
  }
  return added;
}

function indentPair(row: string, file: FileLines, at: number): IndentPair {
  return { patch: leading(row), file: leading(file.bare[at] ?? '') };
}

/** For rows without old lines below a header, the header's own white space is the only clue. */
function indentPairs({ file, chunk, headers }: Placing, rows: readonly Row[], hit: Place): IndentPair[] {
  const old = oldLines(rows);
  const pairs = old.flatMap((text, index) => (trimmed(text) === '' ? [] : [indentPair(text, file, hit.at + index)]));
  const header = chunk.headers.at(-1);
  const headerPlace = headers.at(-1);
  if (old.length > 0 || header === undefined || headerPlace === undefined || chunk.atEnd) return pairs;
  const pair = indentPair(header, file, headerPlace.at);
  const isDeeper = rows.every(({ text }) => trimmed(text) === '' || isDeeperThan(leading(text), pair.file));
  return isDeeper ? [] : [pair];
}

function isDeeperThan(indent: string, outer: string): boolean {
  return indent.length > outer.length && indent.startsWith(outer);
}

/** Describes the first line that was matched loosely; white space at its ends does not count. */
function loosenessOf(old: readonly string[], file: FileLines, start: number): string | null {
  const index = old.findIndex((text, offset) => trimmed(text) !== trimmed(file.bare[start + offset] ?? ''));
  if (index === -1) return null;
  const difference = describeDifference(old[index] ?? '', file.bare[start + index] ?? '');
  return `look-alike characters in line ${start + index + 1}: ${difference}`;
}

function notesOn(replacements: readonly Replacement[], file: FileLines, path: string): string[] {
  const taken = new Set(replacements.map(({ start }) => start));
  return replacements.flatMap(({ start, length, lines, others, looseness }) => {
    const notes: string[] = [];
    const where = `${path} line ${start + 1}`;
    const free = others.filter((at) => !taken.has(at));
    if (free.length > 0) {
      notes.push(`${where}: the first of several places that fit was taken; the others: ${lineNumbers(free)}.`);
    }
    if (looseness !== null) notes.push(`${where}: matched apart from ${looseness}.`);
    const isSame = lines.length === length && lines.every((line, index) => line === file.whole[start + index]);
    if (isSame) notes.push(`${where}: these rows change nothing.`);
    return notes;
  });
}

function lineNumbers(places: readonly number[]): string {
  return `${places.length === 1 ? 'line' : 'lines'} ${places.map((at) => at + 1).join(', ')}`;
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

/** @param texts those of the added rows, as they are to be written */
function newLines(rows: readonly Row[], texts: readonly string[], file: FileLines, start: number): string[] {
  const lines: string[] = [];
  const added = texts.values();
  let at = start;
  for (const row of rows) {
    if (row.type === 'add') lines.push((added.next().value ?? '') + file.ending);
    if (row.type === 'keep') lines.push(file.whole[at] ?? '');
    if (row.type !== 'add') at += 1;
  }
  return lines;
}

function notFound(old: readonly string[], file: FileLines, path: string): PatchFailure {
  return mismatch(`Failed to find expected lines in ${path}:\n${old.join('\n')}`, { file, wanted: old, path });
}

function severalPlaces(places: readonly number[], path: string): PatchFailure {
  const message = `The rows fit several places in ${path}, none of them exactly: ${lineNumbers(places)}. Copy the rows exactly, with more unchanged ones around them.`;
  return new PatchFailure({ type: 'mismatch', message, closest: null });
}

function unclearIndent(pairs: readonly IndentPair[], at: number, path: string): PatchFailure {
  const pair = pairs.find(({ patch, file }) => patch !== file) ?? { patch: '', file: '' };
  const difference = describeDifference(pair.patch, pair.file);
  const message = `The rows fit line ${at + 1} of ${path} apart from their indentation (${difference}), and it is not clear how the added ones should be indented. Copy the white space of the file exactly.`;
  return new PatchFailure({ type: 'mismatch', message, closest: null });
}

function mismatch(
  message: string,
  { file, wanted, path }: { file: FileLines; wanted: readonly string[]; path: string },
): PatchFailure {
  return new PatchFailure({ type: 'mismatch', message, closest: closestPlace(file, wanted, path) });
}
