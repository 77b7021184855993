import { isContinued, type Row, rowWidth } from '../../text/index.ts';
import type { Painted } from './paint-frame.ts';

/**
 * What a terminal does with its rows when its width changes. Most wrap them, and the cursor stays with its letter. Terminals
 * made of xterm.js (VS Code and others) don't touch the line with the cursor, but move the cursor by the rows that are added
 * anywhere, also below it. A few (xterm, GNU screen, the Linux console) cut rows off or keep them as they are.
 */
export type Reflow = 'wraps' | 'wraps-as-xterm-js' | 'none';

interface Line {
  /** Index of its first row, and of the row after its last. */
  readonly from: number;
  readonly to: number;
  readonly cells: number;
}

export interface SizeChange {
  /** The new width. */
  readonly columns: number;
  /** The screen became lower. */
  readonly isShorter: boolean;
}

/**
 * How many rows the cursor is below the first painted row after a change of the size. In doubt it is the smaller number: a
 * live row that stays behind is better than a finished one that is erased.
 */
export function rowsAboveCursor(painted: Painted, { columns, isShorter }: SizeChange, reflow: Reflow): number {
  const { rows, cursorRow, cursorColumn } = painted;
  if (reflow === 'none') return cursorRow;
  const lines = linesOf(rows);
  const own = lines.find(({ from, to }) => cursorRow >= from && cursorRow < to);
  const start = own?.from ?? cursorRow;
  const added = (some: readonly Line[]) =>
    some.reduce((sum, { from, to, cells }) => sum + Math.max(1, Math.ceil(cells / columns)) - (to - from), 0);
  const above = added(lines.filter(({ to }) => to <= start));
  if (reflow === 'wraps-as-xterm-js') {
    const below = added(lines.filter(({ from }) => from > cursorRow));
    // A lower screen drops rows below the cursor first; whether it did so is not known.
    return cursorRow + above + (isShorter ? Math.min(0, below) : below);
  }
  const before = cellsOf(rows.slice(start, cursorRow)) + (cursorColumn ?? 0);
  return start + above + Math.floor(before / columns);
}

/** Rows that the terminal wrapped itself are one line to it. */
function linesOf(rows: readonly Row[]): Line[] {
  const lines: Line[] = [];
  for (const [at, row] of rows.entries()) {
    const last = lines.at(-1);
    if (last !== undefined && isContinued(row))
      lines[lines.length - 1] = { ...last, to: at + 1, cells: last.cells + rowWidth(row) };
    else lines.push({ from: at, to: at + 1, cells: rowWidth(row) });
  }
  return lines;
}

function cellsOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + rowWidth(row), 0);
}
