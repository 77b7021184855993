import { byteLength, cutBytesEnd, cutBytesStart } from './bytes.ts';

/** What a model sees of one output, UTF-8 bytes, keel's own lines included. There is no other limit. */
export const MAX_OUTPUT_BYTES = 10_240;

/** A text whose middle may be gone already: `head` and `tail` are the whole iff `totalBytes` are their bytes. */
export interface PartialText {
  readonly head: string;
  readonly tail: string;
  /** UTF-8 bytes of the whole. */
  readonly totalBytes: number;
  /** Lines of the whole; a newline at its end begins no further line. */
  readonly totalLines: number;
  /** Lines before this text in the file that has all of it. Absent: none. */
  readonly linesBefore?: number;
}

export interface CutOptions {
  /** For the text and the notice, UTF-8 bytes. */
  readonly maxBytes: number;
  /** Where the missing lines are, in the words of the notice: `all in /tmp/x.log`. */
  readonly where: string;
}

export function wholeText(text: string): PartialText {
  return { head: text, tail: '', totalBytes: byteLength(text), totalLines: countLines(text) };
}

/** Whether a model can be shown the whole text, with `reservedBytes` of keel's own lines. */
export function fitsModel({ totalBytes }: PartialText, reservedBytes = 0): boolean {
  return totalBytes <= MAX_OUTPUT_BYTES - reservedBytes;
}

/**
 * First and last lines of a text that is too long, with one line between them that says which are missing. A line is cut
 * only where whole lines would waste half of the room, and never inside a character.
 */
export function cutLines(text: PartialText, options: CutOptions): string {
  return cutBetween(text, false, options);
}

/** @param startsInLine whether the text's tail, as it is, starts inside a line */
function cutBetween(text: PartialText, startsInLine: boolean, { maxBytes, where }: CutOptions): string {
  const { totalLines, linesBefore = 0 } = text;
  const last = linesBefore + totalLines;
  const longest = { first: last, isFirstCut: true, last: last + 1, isLastCut: true, total: last };
  const room = maxBytes - byteLength(notice(longest, where)) - 2;
  const rest = text.tail === '' ? text.head : text.tail;
  const head = firstLines(text.head, Math.floor(room / 2));
  const tail = lastLines(rest, room - byteLength(head));
  const isFirstCut = head !== '' && !head.endsWith('\n');
  const isLastCut = tail.length === rest.length ? startsInLine : tail !== '' && !startsAtLine(rest, tail);
  const missing = {
    first: linesBefore + countLines(head) + (isFirstCut ? 0 : 1),
    isFirstCut,
    last: last - countLines(tail) + (isLastCut ? 1 : 0),
    isLastCut,
    total: last,
  };
  return `${head}${isFirstCut ? '\n' : ''}${notice(missing, where)}\n${tail}`;
}

/** A text that is short enough, or cut so that it is. A text that was cut before gets no second notice. */
export function cutAgain(text: string, options: CutOptions): string {
  if (byteLength(text) <= options.maxBytes) return text;
  const cut = cutIn(text);
  if (cut === null) return cutLines(wholeText(text), options);
  return cutBetween(cut.text, cut.startsInLine, { maxBytes: options.maxBytes, where: cut.where });
}

/** The model's copy of a text without a file that has the whole. Texts that keel cut earlier pass unchanged. */
export function cutForModel(text: string): string {
  if (wasCutWithHeader(text)) return text;
  return cutAgain(text, { maxBytes: MAX_OUTPUT_BYTES, where: 'not kept' });
}

/** Lines of a text; a newline at its end begins no further line. */
export function countLines(text: string): number {
  let count = text === '' || text.endsWith('\n') ? 0 : 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

interface Missing {
  /** Counts from 1, as `last` does. */
  readonly first: number;
  /** The start of the first one is shown. */
  readonly isFirstCut: boolean;
  readonly last: number;
  /** The end of the last one is shown. */
  readonly isLastCut: boolean;
  readonly total: number;
}

function notice(missing: Missing, where: string): string {
  return `[${linesOf(missing)} of ${missing.total} left out; ${where}]`;
}

function linesOf({ first, isFirstCut, last, isLastCut }: Missing): string {
  if (first === last) {
    const part = isFirstCut ? (isLastCut ? 'middle of ' : 'rest of ') : isLastCut ? 'start of ' : '';
    return `${part}line ${first}`;
  }
  if (!isFirstCut && !isLastCut) return `lines ${first}-${last}`;
  return `${isFirstCut ? 'rest of ' : ''}line ${first} to ${isLastCut ? 'start of ' : ''}line ${last}`;
}

const NOTICE =
  /^\[(middle of |rest of |start of )?lines? (\d{1,15})(?:(?:-| to (start of )?line )(\d{1,15}))? of (\d{1,15}) left out; (.*)\]$/gm;

interface Cut {
  readonly text: PartialText;
  readonly startsInLine: boolean;
  readonly where: string;
}

/** The two parts of a text that was cut, and where its notice says the missing lines are; null for any other text. */
function cutIn(text: string): Cut | null {
  for (const match of text.matchAll(NOTICE)) {
    const [line, part = '', first = '', start = '', last = first, total = '', where = ''] = match;
    const isFirstCut = part === 'middle of ' || part === 'rest of ';
    const startsInLine = part === 'middle of ' || part === 'start of ' || start !== '';
    const head = text.slice(0, Math.max(0, match.index - (isFirstCut ? 1 : 0)));
    const tail = text.slice(match.index + line.length + 1);
    // A program may print such a line; the numbers of keel's own fit the text.
    if (Number(last) !== Number(total) - countLines(tail) + (startsInLine ? 1 : 0)) continue;
    const linesBefore = Number(first) - countLines(head) - (isFirstCut ? 0 : 1);
    const totalLines = Number(total) - linesBefore;
    return { text: { head, tail, totalBytes: Infinity, totalLines, linesBefore }, startsInLine, where };
  }
  return null;
}

/** The start of a text, at most `maxBytes`: whole lines, if they are at least half of that. */
function firstLines(text: string, maxBytes: number): string {
  const start = cutBytesEnd(text, maxBytes);
  if (start.length === text.length) return start;
  const end = start.lastIndexOf('\n') + 1;
  return end * 2 < start.length ? start : start.slice(0, end);
}

/** The end of a text, at most `maxBytes`: whole lines, if they are at least half of that. */
function lastLines(text: string, maxBytes: number): string {
  const end = cutBytesStart(text, maxBytes);
  if (startsAtLine(text, end)) return end;
  const start = end.indexOf('\n') + 1;
  return start === 0 || (end.length - start) * 2 < end.length ? end : end.slice(start);
}

/** Whether the end of a text starts where a line does. */
function startsAtLine(text: string, end: string): boolean {
  const before = text[text.length - end.length - 1];
  return before === undefined || before === '\n';
}

/** What earlier versions put above a text that they had cut; it is part of their records. */
const HEADER = /^Total output lines: \d+\n\n/;
const LINES_OMITTED = /\[\.\.\. omitted \d+ of (\d+) lines \.\.\.\]/;

function wasCutWithHeader(text: string): boolean {
  const start = HEADER.exec(text)?.[0];
  return start !== undefined && byteLength(text) - start.length <= MAX_OUTPUT_BYTES;
}

/** A text of an earlier version whose middle lines were omitted, without its header, and how many lines it had; null for any other. */
export function splitOmitted(text: string): { readonly totalLines: string; readonly output: string } | null {
  const totalLines = LINES_OMITTED.exec(text)?.[1];
  return totalLines === undefined ? null : { totalLines, output: text.replace(HEADER, '') };
}
