import { cutBytesEnd } from '../../../foundation/util/index.ts';
import { FileLines } from './file-lines.ts';
import { describeDifference, findLookalike, foldedLine } from './lookalikes.ts';
import { plain } from './white-space.ts';

/** Two lines count as alike from this share of equal tokens on. */
const MIN_LIKENESS = 0.6;
/** Lines of a file that are compared token by token. */
const MAX_COMPARED_LINES = 20_000;
const MAX_COMPARED_CHARS = 500;
const MAX_SHOWN_BYTES = 160;

/** The place in a file that is most like the lines that were searched for. Lines count from 1. */
export type ClosestPlace =
  | {
      readonly type: 'differs';
      readonly path: string;
      readonly line: number;
      readonly want: string;
      /** Null: the file ends here. */
      readonly have: string | null;
    }
  /** The lines exist, but not where the patch may take them: before an earlier block, or not at the end of the file. */
  | { readonly type: 'elsewhere'; readonly path: string; readonly line: number };

/** Finds the place that was probably meant; null if nothing in the file is like it. */
export function closestPlace(file: FileLines, wanted: readonly string[], path: string): ClosestPlace | null {
  const want = wanted.map(foldedLine);
  const lines = file.bare.map(foldedLine);
  const start = mostShared(lines, want);
  if (start !== null) {
    const offset = wanted.findIndex(
      (line, at) => plain(file.bare[start + at] ?? '') !== plain(line) || start + at >= lines.length,
    );
    if (offset === -1) return { type: 'elsewhere', path, line: start + 1 };
    return differs({ file, path, at: start + offset, want: wanted[offset] ?? '' });
  }
  const first = wanted.find((line) => line.trim() !== '');
  const at = first === undefined ? null : mostAlike(lines, foldedLine(first));
  return at === null || first === undefined ? null : differs({ file, path, at, want: first });
}

/** Describes the place in a text that is most like a piece that was not found; null if nothing is like it. */
export function closestPlaceInText(text: string, piece: string, path: string): string | null {
  const alike = findLookalike(text, piece);
  if (alike !== null) return describePlace({ type: 'differs', path, ...alike });
  const place = closestPlace(new FileLines(text), piece.replace(/\r?\n$/, '').split(/\r?\n/), path);
  return place === null ? null : describePlace(place);
}

/** Describes a place for the author of the patch. */
export function describePlace(place: ClosestPlace): string {
  if (place.type === 'elsewhere') {
    return `The same lines begin at line ${place.line} of ${place.path}, but a block may only take lines after those of the block before it, or the last ones if it is marked as the end of the file.`;
  }
  const have = place.have === null ? 'the end of the file' : quoted(place.have);
  return `Closest place in ${place.path}: line ${place.line}. First difference: expected ${quoted(place.want)}, found ${have}.${lookalikeNote(place.want, place.have)}`;
}

/** Lines that look the same are distinguished by the names of their characters. */
function lookalikeNote(want: string, have: string | null): string {
  if (have === null || want === have || foldedLine(want) !== foldedLine(have)) return '';
  return ` They look alike but differ: ${describeDifference(want, have)}.`;
}

function differs(place: { file: FileLines; path: string; at: number; want: string }): ClosestPlace {
  const { file, path, at, want } = place;
  return { type: 'differs', path, line: at + 1, want, have: file.bare[at] ?? null };
}

/** The start at which most of the wanted lines are in place, if that is at least half of them; blank lines don't count. */
function mostShared(lines: readonly string[], want: readonly string[]): number | null {
  const offsets = new Map<string, number[]>();
  for (const [offset, line] of want.entries()) {
    if (line !== '') offsets.set(line, [...(offsets.get(line) ?? []), offset].slice(0, 20));
  }
  const votes = new Map<number, number>();
  for (const [at, line] of lines.entries()) {
    for (const offset of offsets.get(line) ?? []) {
      if (at >= offset) votes.set(at - offset, (votes.get(at - offset) ?? 0) + 1);
    }
  }
  const needed = want.filter((line) => line !== '').length / 2;
  let best: { start: number; count: number } | null = null;
  for (const [start, count] of votes) {
    if (count >= needed && (best === null || count > best.count)) best = { start, count };
  }
  return best?.start ?? null;
}

function mostAlike(lines: readonly string[], wanted: string): number | null {
  const want = tokens(wanted);
  let best: { at: number; share: number } | null = null;
  for (const [at, line] of lines.slice(0, MAX_COMPARED_LINES).entries()) {
    const share = likeness(want, tokens(line));
    if (share >= MIN_LIKENESS && (best === null || share > best.share)) best = { at, share };
  }
  return best?.at ?? null;
}

function tokens(line: string): string[] {
  return line.slice(0, MAX_COMPARED_CHARS).match(/[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/** The share of tokens that both have, from 0 to 1. */
function likeness(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return 0;
  const counts = new Map<string, number>();
  for (const token of a) counts.set(token, (counts.get(token) ?? 0) + 1);
  let shared = 0;
  for (const token of b) {
    const left = counts.get(token) ?? 0;
    if (left > 0) shared += 1;
    counts.set(token, left - 1);
  }
  return (2 * shared) / (a.length + b.length);
}

function quoted(line: string): string {
  const cut = cutBytesEnd(line, MAX_SHOWN_BYTES);
  return JSON.stringify(cut === line ? line : `${cut}...`);
}
