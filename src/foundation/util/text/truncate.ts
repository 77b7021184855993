import { byteLength, cutBytesEnd, cutBytesStart } from './bytes.ts';

/** What a model sees of one output, UTF-8 bytes; a header line comes on top. */
export const MAX_OUTPUT_BYTES = 10_240;
export const MAX_OUTPUT_LINES = 256;
const HEAD_LINES = 128;
const HEAD_BYTES = 5_120;
const BYTE_MARKER = `\n[... output truncated to fit ${MAX_OUTPUT_BYTES} bytes ...]\n\n`;

/** A text whose middle may be gone already: `head` and `tail` are the whole iff `totalBytes` are their bytes. */
export interface PartialText {
  readonly head: string;
  readonly tail: string;
  /** UTF-8 bytes of the whole. */
  readonly totalBytes: number;
  /** Lines of the whole; a newline at its end begins no further line. */
  readonly totalLines: number;
}

/** Room to leave for what the caller appends. */
export interface Reserve {
  readonly bytes: number;
  readonly lines: number;
}

const NOTHING: Reserve = { bytes: 0, lines: 0 };

/**
 * The model's copy of a text: what is within the limits passes unchanged, and so does what keel has already cut (a text with
 * the header): a second cut would repeat the header and lose what was kept on purpose. `reservedBytes` are left free for lines
 * that follow.
 */
export function truncateForModel(text: string, reservedBytes = 0): string {
  if (fitsModel(wholeText(text), { bytes: reservedBytes, lines: 0 }) || wasTruncated(text)) return text;
  return truncatePartial(wholeText(text), { bytes: reservedBytes, lines: 0 });
}

export function wholeText(text: string): PartialText {
  return { head: text, tail: '', totalBytes: byteLength(text), totalLines: countLines(text) };
}

export function fitsModel({ totalBytes, totalLines }: PartialText, reserve: Reserve = NOTHING): boolean {
  return totalBytes <= MAX_OUTPUT_BYTES - reserve.bytes && totalLines <= MAX_OUTPUT_LINES - reserve.lines;
}

/**
 * First and last lines of a text with a marker between them, and above how many lines there were; the text itself if it
 * fits. Whole lines are left out where there are too many, bytes where lines are long; never a part of a character.
 */
export function truncatePartial(text: PartialText, reserve: Reserve = NOTHING): string {
  const { head, tail, totalLines } = text;
  if (fitsModel(text, reserve)) return head + tail;
  const tailLines = Math.min(MAX_OUTPUT_LINES - reserve.lines - HEAD_LINES, totalLines - HEAD_LINES);
  const omitted = totalLines - HEAD_LINES - tailLines;
  const header = `Total output lines: ${totalLines}\n\n`;
  const room = MAX_OUTPUT_BYTES - reserve.bytes;
  if (tailLines <= 0 || omitted <= 0) return header + join(head, BYTE_MARKER, endOf(text), room);
  const marker = `\n[... omitted ${omitted} of ${totalLines} lines ...]\n\n`;
  return header + join(firstLines(head, HEAD_LINES), marker, lastLines(endOf(text), tailLines), room);
}

/** Lines of a text; a newline at its end begins no further line. */
export function countLines(text: string): number {
  let count = text === '' || text.endsWith('\n') ? 0 : 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

/** Head and tail around the marker, `room` bytes in all. */
function join(head: string, marker: string, tail: string, room: number): string {
  const left = room - byteLength(marker);
  const kept = cutBytesEnd(head, Math.min(HEAD_BYTES, left));
  return kept + marker + cutBytesStart(tail, left - byteLength(kept));
}

/** The end of a text, at least as much of it as a model is shown. */
function endOf({ head, tail }: PartialText): string {
  return tail.length >= MAX_OUTPUT_BYTES ? tail : head + tail;
}

function firstLines(text: string, count: number): string {
  let end = 0;
  for (let line = 0; line < count; line += 1) {
    const newline = text.indexOf('\n', end);
    if (newline === -1) return text;
    end = newline + 1;
  }
  return text.slice(0, end);
}

function lastLines(text: string, count: number): string {
  let start = text.endsWith('\n') ? text.length - 1 : text.length;
  for (let line = 0; line < count; line += 1) {
    // An index below zero would search at the start: an empty first line has no newline before it.
    const newline = start === 0 ? -1 : text.lastIndexOf('\n', start - 1);
    if (newline === -1) return text;
    start = newline;
  }
  return text.slice(start + 1);
}

const HEADER = /^Total output lines: \d+\n\n/;
const LINES_OMITTED = /\[\.\.\. omitted \d+ of (\d+) lines \.\.\.\]/;

function wasTruncated(text: string): boolean {
  const start = HEADER.exec(text)?.[0];
  return start !== undefined && byteLength(text) - start.length <= MAX_OUTPUT_BYTES;
}

/** A text whose middle lines were omitted, without its header, and how many lines it had; null for any other. */
export function splitOmitted(text: string): { readonly totalLines: string; readonly output: string } | null {
  const totalLines = LINES_OMITTED.exec(text)?.[1];
  return totalLines === undefined ? null : { totalLines, output: text.replace(HEADER, '') };
}
