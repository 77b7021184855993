import {
  encodeFill,
  encodeRow,
  isContinued,
  type Row,
  type RowStyle,
  rowText,
  rowWidth,
  textWidth,
} from '../../text/index.ts';
import type { CursorPosition } from './frame.ts';
import { changeOf, isSureRow, sameRow } from './row-change.ts';

/**
 * Erases from the start of a row to the end of the screen. The second step starts in the second cell: tmux moves a screen
 * that is erased from its first cell on into the history.
 */
export const ERASE_BELOW = '\u001b[K\u001b[C\u001b[J';

/** What the terminal shows of the live region. All places are counted from its first row. */
export interface Painted {
  readonly rows: readonly Row[];
  /** The row of the terminal's cursor, shown or not. */
  readonly cursorRow: number;
  /** Its column; null: not known. */
  readonly cursorColumn: number | null;
  readonly isCursorShown: boolean;
}

export interface Paint {
  /** Rows from the first live row of before: those that became final, then the live ones. */
  readonly rows: readonly Row[];
  /** How many of them are final. */
  readonly finished: number;
  /** Counted from the first of `rows`; null hides it. */
  readonly cursor: CursorPosition | null;
  readonly columns: number;
  readonly style: RowStyle;
}

export interface PaintedBytes {
  readonly bytes: string;
  /** Where the cursor is now, counted from the first of the painted rows. */
  readonly row: number;
  readonly column: number | null;
}

/**
 * The bytes that turn what is painted into `paint`. All moves are relative, and rows below the last one are reached by line
 * feeds, which scroll at the foot of the screen: so what is final enters the scrollback in every terminal, while scroll
 * regions lose history in some.
 */
export function paintRows(before: Painted, paint: Paint): PaintedBytes {
  const pen = new Pen(before);
  const { rows } = paint;
  let at = 0;
  while (at < rows.length) {
    let end = at + 1;
    while (end < rows.length && joins(paint, end)) end += 1;
    if (end - at > 1) paintJoined(pen, before, paint, at, end);
    else paintOne(pen, before, paint, at);
    at = end;
  }
  // The row of the first live row has to be there, even if there is no live row now.
  const height = Math.max(rows.length, paint.finished + 1);
  if (rows.length < before.rows.length) {
    pen.moveTo(rows.length, 0);
    pen.write(ERASE_BELOW, null);
  }
  pen.need(height - 1);
  if (paint.cursor) pen.moveTo(paint.cursor.row, paint.cursor.column);
  else if (pen.row < paint.finished) pen.moveTo(paint.finished, 0);
  return { bytes: pen.bytes, row: pen.row, column: pen.column };
}

/** Whether the terminal wraps from the row above into this one by itself. */
function joins({ rows, columns, finished }: Paint, at: number): boolean {
  const row = rows[at];
  const above = rows[at - 1];
  if (row === undefined || above === undefined || !isContinued(row) || at === finished) return false;
  if (!isSureRow(above) || !isSureRow(row)) return false;
  const missing = columns - rowWidth(above);
  return missing === 0 || (missing === 1 && textWidth([...rowText(row)][0] ?? '') === 2);
}

function paintJoined(pen: Pen, before: Painted, paint: Paint, from: number, to: number): void {
  const rows = paint.rows.slice(from, to);
  const isSame = rows.every((row, index) => {
    const old = before.rows[from + index];
    return old !== undefined && sameRow(old, row);
  });
  if (isSame) return;
  pen.moveTo(from, 0);
  pen.write(rows.map((row) => encodeRow(row, paint.style)).join(''), null);
  pen.wrapped(to - 1);
  endRow(pen, before, paint, to - 1, 0);
}

function paintOne(pen: Pen, before: Painted, paint: Paint, at: number): void {
  const row = paint.rows[at] ?? [];
  const old = before.rows[at];
  if (old === undefined) {
    pen.moveTo(at, 0);
    pen.write(guarded(row, row, paint), null);
    endRow(pen, before, paint, at, 0);
    return;
  }
  if (sameRow(old, row)) return;
  const next = before.rows[at + 1];
  const wasJoined = isContinued(old) || (next !== undefined && isContinued(next));
  const change = wasJoined ? { column: 0, rest: row } : changeOf(old, row);
  pen.moveTo(at, change.column);
  // Cleared from its first cell on, a row is no continuation of the one above for the terminal any more.
  if (wasJoined) pen.write('\u001b[K', 0);
  pen.write(guarded(row, change.rest, paint), null);
  endRow(pen, before, paint, at, change.column);
}

/** Takes away what was to the right of a row, or fills it with the row's tint. */
function endRow(pen: Pen, before: Painted, paint: Paint, at: number, from: number): void {
  const row = paint.rows[at] ?? [];
  const old = before.rows[at];
  const width = rowWidth(row);
  if (width >= paint.columns) return;
  const fill = encodeFill(row, paint.style);
  const hasRest =
    old !== undefined && (rowWidth(old) > width || !isSureRow(old) || encodeFill(old, paint.style) !== '');
  if (fill === '' && !hasRest) return;
  // The cursor might not be where keel's widths say it is.
  if (!isSureRow(row)) pen.moveTo(at, Math.max(width, from));
  pen.write(fill === '' ? '\u001b[K' : fill, null);
}

/** A row that the terminal may find wider than keel does is cut at the edge by the terminal, in place of wrapped. */
function guarded(row: Row, rest: Row, { style, columns }: Paint): string {
  const bytes = encodeRow(rest, style);
  return isSureRow(row) && rowWidth(row) <= columns ? bytes : `\u001b[?7l${bytes}\u001b[?7h`;
}

/** Follows the cursor while bytes are put together. */
class Pen {
  bytes = '';
  row: number;
  /** Null: not known, as after text. */
  column: number | null;
  /** The last row that exists below the first one. */
  #last: number;

  constructor({ rows, cursorRow, cursorColumn }: Painted) {
    this.row = cursorRow;
    this.column = cursorColumn;
    this.#last = Math.max(0, rows.length - 1, cursorRow);
  }

  write(bytes: string, column: number | null): void {
    this.bytes += bytes;
    this.column = column;
  }

  /** The terminal wrapped down to a row by itself. */
  wrapped(row: number): void {
    this.row = row;
    this.#last = Math.max(this.#last, row);
  }

  /** Makes sure that a row exists. */
  need(row: number): void {
    if (row > this.#last) this.moveTo(row, 0);
  }

  moveTo(row: number, column: number): void {
    if (row < this.row) this.bytes += row === this.row - 1 ? '\u001b[A' : `\u001b[${this.row - row}A`;
    if (row > this.row) {
      // Line feeds also where the row is there already: the terminal drops rows below the cursor when it becomes lower.
      this.bytes += `\r${'\n'.repeat(row - this.row)}`;
      this.column = 0;
    }
    this.row = row;
    this.#last = Math.max(this.#last, row);
    if (this.column === column) return;
    this.bytes += column === 0 ? '\r' : `\u001b[${column + 1}G`;
    this.column = column;
  }
}
