import { graphemes, isSimple } from './graphemes.ts';
import { CONTINUED, isContinued, type Row, type Span } from './row.ts';
import { rowWidth, textWidth } from './width.ts';

/** A piece of a span that is not broken unless it is wider than a row. */
interface Word {
  readonly spans: Row;
  readonly cells: number;
  readonly isBlank: boolean;
}

export interface WrapOptions {
  /** Cells of a row, the prefixes included. */
  readonly width: number;
  /** Put before the first row. */
  readonly first?: Row;
  /** Put before the others. */
  readonly rest?: Row;
}

/**
 * Wraps at blanks, which go at a break. A word that is wider than a row is wrapped by the terminal where there is no prefix,
 * so that addresses copy whole.
 */
export function wrapRow(row: Row, { width, first = [], rest = first }: WrapOptions): Row[] {
  const [only] = row;
  const hasPrefix = first.length > 0 || rest.length > 0;
  const simple = only === undefined || row.length > 1 || hasPrefix ? null : wrapSimple(only, Math.max(1, width));
  if (simple !== null) return simple;
  const rows: Row[] = [];
  let line: Span[] = [];
  let used = 0;
  let blank: Word | null = null;
  const room = () => Math.max(1, width - rowWidth(rows.length === 0 ? first : rest));
  const close = () => {
    rows.push([...(rows.length === 0 ? first : rest), ...line]);
    line = [];
    used = 0;
    blank = null;
  };
  for (const word of wordsOf(row)) {
    if (word.isBlank) {
      if (used > 0 || rows.length === 0) blank = word;
      continue;
    }
    const gap: number = (blank as Word | null)?.cells ?? 0;
    if (used + gap + word.cells <= room()) {
      append(line, (blank as Word | null)?.spans ?? []);
      append(line, word.spans);
      used += gap + word.cells;
      blank = null;
      continue;
    }
    if (line.length > 0) close();
    blank = null;
    let left = word.spans;
    let isBroken = false;
    while (rowWidth(left) > room()) {
      const part = sliceRow(left, 0, room());
      const taken = rowWidth(part) > 0 ? part : firstGrapheme(left);
      left = cutStart(left, taken);
      const prefix = rows.length === 0 ? first : rest;
      rows.push(isBroken && prefix.length === 0 ? [CONTINUED, ...taken] : [...prefix, ...taken]);
      isBroken = true;
    }
    line = isBroken && rest.length === 0 && left.length > 0 ? [CONTINUED, ...left] : [...left];
    used = rowWidth(left);
  }
  if (line.length > 0 || rows.length === 0) close();
  return rows;
}

/** The same for text of one style: most of what a model writes. Null: it has to be looked at more closely. */
function wrapSimple({ text, style }: Span, width: number): Row[] | null {
  if (text.startsWith(' ') || !isSimple(text)) return null;
  const end = text.trimEnd().length;
  const rows: Row[] = [];
  let from = 0;
  while (end - from > width) {
    const gap = text.lastIndexOf(' ', from + width);
    // A word that is wider than the row.
    if (gap <= from) return null;
    rows.push([{ text: text.slice(from, gap).trimEnd(), style }]);
    from = gap + 1;
    while (text[from] === ' ') from += 1;
  }
  rows.push(end === from ? [] : [{ text: text.slice(from, end), style }]);
  return rows;
}

/** Adds spans to a row that grows; what has the look of the span before becomes a part of it. */
function append(line: Span[], spans: Row): void {
  for (const span of spans) {
    const last = line.at(-1);
    if (last !== undefined && last !== CONTINUED && last.style === span.style) {
      line[line.length - 1] = { text: last.text + span.text, style: span.style };
    } else line.push(span);
  }
}

/** Cuts a row where the terminal itself wraps: rows that copy as one line and reflow with the window. */
export function wrapSoft(row: Row, width: number): Row[] {
  if (rowWidth(row) <= width) return [row];
  const rows: Row[] = [];
  let left: Row = isContinued(row) ? row.slice(1) : row;
  while (left.length > 0) {
    const part = sliceRow(left, 0, width);
    const taken = rowWidth(part) > 0 || rowWidth(left) === 0 ? part : firstGrapheme(left);
    rows.push(rows.length > 0 || isContinued(row) ? [CONTINUED, ...taken] : taken);
    const next = cutStart(left, taken);
    if (next === left) break;
    left = next;
  }
  return rows;
}

/** The cells `from` to `to` of a row. A wide character of which only a half is inside is left out. */
export function sliceRow(row: Row, from: number, to: number): Row {
  const spans: Span[] = [];
  let column = 0;
  for (const span of row) {
    if (column >= to) break;
    const cells = textWidth(span.text);
    if (column >= from && column + cells <= to) spans.push(span);
    else if (column + cells > from) {
      const text = sliceText(span.text, from - column, to - column);
      if (text !== '') spans.push({ text, style: span.style });
    }
    column += cells;
  }
  return spans;
}

function sliceText(text: string, from: number, to: number): string {
  if (isSimple(text)) return text.slice(Math.max(0, from), Math.max(0, to));
  let column = 0;
  let part = '';
  for (const one of graphemes(text)) {
    const cells = textWidth(one);
    if (column >= from && column + cells <= to) part += one;
    else if (column + cells > to) break;
    column += cells;
  }
  return part;
}

function cutStart(row: Row, taken: Row): Row {
  let left = taken.reduce((sum, { text }) => sum + text.length, 0);
  const spans: Span[] = [];
  for (const span of row) {
    if (left >= span.text.length) {
      left -= span.text.length;
      continue;
    }
    spans.push(left === 0 ? span : { text: span.text.slice(left), style: span.style });
    left = 0;
  }
  return spans;
}

function firstGrapheme(row: Row): Row {
  const [span] = row;
  return span === undefined ? [] : [{ text: graphemes(span.text)[0] ?? '', style: span.style }];
}

function wordsOf(row: Row): Word[] {
  const words: { spans: Span[]; cells: number; isBlank: boolean }[] = [];
  for (const { text, style } of row) {
    for (const piece of text.split(/( +)/)) {
      if (piece === '') continue;
      const isBlank = piece.startsWith(' ');
      const parts = isBlank || isSimple(piece) ? [piece] : breakable(piece);
      for (const [index, part] of parts.entries()) {
        const last = words.at(-1);
        const cells = textWidth(part);
        if (last !== undefined && last.isBlank === isBlank && index === 0 && !endsBreakable(last.spans)) {
          last.spans.push({ text: part, style });
          last.cells += cells;
        } else words.push({ spans: [{ text: part, style }], cells, isBlank });
      }
    }
  }
  return words;
}

/** Scripts that are written without blanks: a row may end after each of their characters. */
const IDEOGRAPH =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;

function breakable(text: string): string[] {
  if (!IDEOGRAPH.test(text)) return [text];
  const parts: string[] = [];
  for (const one of graphemes(text)) {
    const last = parts.at(-1);
    // Closing marks stay with what they close.
    const sticks =
      /^[\p{Pe}\p{Pf}\p{Po}]/u.test(one) || (!IDEOGRAPH.test(one) && last !== undefined && !IDEOGRAPH.test(last));
    if (last !== undefined && sticks) parts[parts.length - 1] = last + one;
    else parts.push(one);
  }
  return parts;
}

function endsBreakable(spans: Row): boolean {
  return IDEOGRAPH.test(spans.at(-1)?.text ?? '');
}
