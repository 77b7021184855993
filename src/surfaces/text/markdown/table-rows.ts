import type { Tokens } from 'marked';
import { type Row, type Span, type Style, span } from '../row.ts';
import { rowWidth } from '../width.ts';
import { wrapRow } from '../wrap.ts';
import { inlineLines } from './inline.ts';

const GAP = ' │ ';
/** Narrower columns can't be read: the rows become lists of their cells then. */
const MIN_COLUMN = 8;

/** A table with aligned columns, narrowed to the width; where that is too narrow, a list of each row's cells. */
export function tableRows({ header, rows, align }: Tokens.Table, width: number): Row[] {
  const head = header.map((cell) => cellLines(cell, { bold: true }));
  const body = rows.map((cells) => cells.map((cell) => cellLines(cell, {})));
  const natural = head.map((_, at) => Math.max(1, ...[head, ...body].map((cells) => widest(cells[at] ?? []))));
  const columns = fitted(natural, width - GAP.length * (natural.length - 1));
  if (columns === null) return records(head, body, width);
  const rule = columns.map((cells) => '─'.repeat(cells)).join('─┼─');
  const shape = { columns, align };
  return [
    ...lineRows(head, shape),
    [span(rule, { role: 'muted' })],
    ...body.flatMap((cells) => lineRows(cells, shape)),
  ];
}

function cellLines(cell: Tokens.TableCell, style: Style): Row[] {
  return inlineLines(cell.tokens, style);
}

function widest(lines: readonly Row[]): number {
  return Math.max(0, ...lines.map(rowWidth));
}

/** Column widths that fit: the widest are narrowed first. Null: they don't. */
function fitted(natural: readonly number[], room: number): readonly number[] | null {
  const total = (widths: readonly number[]) => widths.reduce((sum, cells) => sum + cells, 0);
  if (total(natural) <= room) return natural;
  if (total(natural.map((cells) => Math.min(cells, MIN_COLUMN))) > room) return null;
  let limit = Math.max(...natural);
  while (limit > MIN_COLUMN && total(natural.map((cells) => Math.min(cells, limit))) > room) limit -= 1;
  return natural.map((cells) => Math.min(cells, limit));
}

interface Shape {
  readonly columns: readonly number[];
  readonly align: Tokens.Table['align'];
}

function lineRows(cells: readonly (readonly Row[])[], { columns, align }: Shape): Row[] {
  const wrapped = columns.map((width, at) => (cells[at] ?? []).flatMap((line) => wrapRow(line, { width })));
  const height = Math.max(1, ...wrapped.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) => {
    const spans: Span[] = [];
    for (const [at, width] of columns.entries()) {
      const isLast = at === columns.length - 1;
      if (at > 0) spans.push(span(GAP, { role: 'muted' }));
      spans.push(...aligned(wrapped[at]?.[line] ?? [], { width, align: align[at] ?? null, isLast }));
    }
    return spans;
  });
}

interface Cell {
  readonly width: number;
  readonly align: Tokens.Table['align'][number];
  readonly isLast: boolean;
}

function aligned(row: Row, { width, align, isLast }: Cell): Row {
  const missing = Math.max(0, width - rowWidth(row));
  const before = align === 'right' ? missing : align === 'center' ? Math.floor(missing / 2) : 0;
  // No blanks at the end of a row: it copies without them.
  const after = isLast ? 0 : missing - before;
  const blanks = (count: number): Row => (count > 0 ? [span(' '.repeat(count))] : []);
  return [...blanks(before), ...row, ...blanks(after)];
}

function records(
  head: readonly (readonly Row[])[],
  body: readonly (readonly (readonly Row[])[])[],
  width: number,
): Row[] {
  return body.flatMap((cells, index) => {
    const rows = cells.flatMap((lines, at) => {
      const name = head[at]?.flat() ?? [];
      return wrapRow([...name, span(': '), ...lines.flatMap((line, no) => (no > 0 ? [span(' '), ...line] : line))], {
        width,
      });
    });
    return index > 0 ? [[], ...rows] : rows;
  });
}
