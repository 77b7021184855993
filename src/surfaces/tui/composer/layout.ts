import { textWidth } from '../../text/index.ts';
import { type Atom, shownText } from './atoms.ts';
import type { Draft } from './draft.ts';

/** A visual row: the atoms from `from` to `to`, without the line end that may follow. */
export interface LayoutRow {
  readonly from: number;
  readonly to: number;
}

export interface Layout {
  readonly rows: readonly LayoutRow[];
  /** The row of the cursor, from 0, and its column in cells. */
  readonly row: number;
  readonly column: number;
}

/** Columns beside the text: the prompt sign and a blank before it, and one free column behind it. */
export const COMPOSER_MARGIN = 3;

/** Columns of a tab: how terminals show one depends on where it is. */
const TAB = '  ';

/** The text of an atom on the screen. */
export function cellText(atom: Atom): string {
  return atom === '\t' ? TAB : shownText(atom);
}

function cellWidth(atom: Atom): number {
  return textWidth(cellText(atom));
}

/** Wraps a draft to a width in cells, at blanks where there are any. */
export function layoutOf(draft: Draft, width: number): Layout {
  const rows = rowsOf(draft.atoms, Math.max(1, width));
  const row = rowOf(rows, draft);
  const from = rows[row]?.from ?? 0;
  const column = draft.atoms.slice(from, draft.cursor).reduce((sum, atom) => sum + cellWidth(atom), 0);
  // A cursor behind a full row is shown at the start of the next one.
  if (column >= width && draft.cursor === draft.atoms.length) {
    return { rows: [...rows, { from: draft.cursor, to: draft.cursor }], row: row + 1, column: 0 };
  }
  return { rows, row, column: Math.min(column, Math.max(0, width - 1)) };
}

function rowsOf(atoms: readonly Atom[], width: number): LayoutRow[] {
  const rows: LayoutRow[] = [];
  let from = 0;
  let used = 0;
  let breakAt = -1;
  for (let at = 0; at < atoms.length; at += 1) {
    const atom = atoms[at] ?? '';
    if (atom === '\n') {
      rows.push({ from, to: at });
      from = at + 1;
      used = 0;
      breakAt = -1;
      continue;
    }
    const cells = cellWidth(atom);
    // What is behind a blank may be too wide for a row by itself.
    while (used + cells > width && at > from && atom !== ' ') {
      const to = breakAt > from ? breakAt : at;
      rows.push({ from, to });
      used = atoms.slice(to, at).reduce((sum, one) => sum + cellWidth(one), 0);
      from = to;
      breakAt = -1;
    }
    used += cells;
    if (atom === ' ' || atom === '\t') breakAt = at + 1;
  }
  rows.push({ from, to: atoms.length });
  return rows;
}

/** The row that the cursor is in: at a soft break the next one. */
function rowOf(rows: readonly LayoutRow[], { cursor }: Draft): number {
  const at = rows.findIndex(({ from, to }, index) => {
    const next = rows[index + 1];
    return cursor >= from && (cursor < to || (cursor === to && next?.from !== to));
  });
  return at === -1 ? rows.length - 1 : at;
}

/** The place one visual row up or down at a column; null: there is no such row. */
export function verticalMove(
  draft: Draft,
  { width, by, column }: { readonly width: number; readonly by: -1 | 1; readonly column: number | null },
): { readonly draft: Draft; readonly column: number } | null {
  const layout = layoutOf(draft, width);
  const target = layout.rows[layout.row + by];
  if (target === undefined) return null;
  const wanted = column ?? layout.column;
  let at = target.from;
  let used = 0;
  const isSoft = layout.rows[layout.row + by + 1]?.from === target.to;
  const end = isSoft ? Math.max(target.from, target.to - 1) : target.to;
  while (at < end) {
    const cells = cellWidth(draft.atoms[at] ?? '');
    if (used + cells > wanted) break;
    used += cells;
    at += 1;
  }
  return { draft: { ...draft, cursor: at }, column: wanted };
}
