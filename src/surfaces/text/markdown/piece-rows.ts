import type { Token, Tokens } from 'marked';
import { codeRows } from '../code-rows.ts';
import { PLAIN, type Row, row, type Style, span } from '../row.ts';
import { textWidth } from '../width.ts';
import { wrapRow, wrapSoft } from '../wrap.ts';
import { inlineLines } from './inline.ts';
import { markerOf, type Piece } from './piece.ts';
import { tableRows } from './table-rows.ts';

const HEADINGS: readonly Style[] = [
  { role: 'heading', bold: true, underline: true },
  { role: 'heading', bold: true },
  { role: 'heading', bold: true, italic: true },
];

/** The rows of a piece, the blank row before it included. */
export function pieceRows(piece: Piece, width: number): Row[] {
  // In a window of a few columns markers and gaps alone may be wider.
  const rows = ownRows(piece, Math.max(1, width)).flatMap((own) => wrapSoft(own, Math.max(2, width)));
  return piece.isApart ? [[], ...rows] : rows;
}

function ownRows(piece: Piece, width: number): Row[] {
  if (piece.type === 'code') return codeRows(piece, width);
  if (piece.type === 'item') return itemRows(piece.item, piece.marker, width, {});
  return blockRows(piece.block, { width, style: {} });
}

interface Place {
  readonly width: number;
  readonly style: Style;
}

function blockRows(token: Token, { width, style }: Place): Row[] {
  switch (token.type) {
    case 'heading':
      return headingRows(token, width);
    case 'code':
      return codeRows({ language: languageOf(token), lines: codeLines(token), before: [] }, width);
    case 'list':
      return isList(token) ? listRows(token, { width, style }) : [];
    case 'blockquote':
      return prefixed(innerRows(token, { width: width - 2, style: { ...style, role: 'quote' } }), '> ');
    case 'table':
      return isTable(token) ? tableRows(token, width) : [];
    case 'hr':
      return [row('———', { role: 'muted' })];
    case 'space':
      return [];
    default: {
      const tokens = 'tokens' in token ? token.tokens : undefined;
      return inlineLines(tokens ?? [token], style).flatMap((line) => wrapRow(line, { width }));
    }
  }
}

function headingRows(token: Token, width: number): Row[] {
  const depth = 'depth' in token && typeof token.depth === 'number' ? token.depth : 1;
  const style = HEADINGS[depth - 1] ?? { role: 'heading', italic: true };
  const lines = inlineLines('tokens' in token ? token.tokens : [], style);
  const [first = [], ...others] = lines;
  return [[span(`${'#'.repeat(depth)} `, style), ...first], ...others].flatMap((line) => wrapRow(line, { width }));
}

/** Blocks within a block: as close to each other as in the source. */
function innerRows(parent: Token, place: Place): Row[] {
  const rows: Row[] = [];
  let isApart = false;
  for (const token of 'tokens' in parent ? (parent.tokens ?? []) : []) {
    if (token.type === 'space') {
      isApart = true;
      continue;
    }
    // The box of a task is part of its marker.
    if (token.type === 'checkbox') continue;
    if (isApart && rows.length > 0) rows.push([]);
    rows.push(...blockRows(token, place));
    isApart = /\n[ \t]*\n[ \t]*$/.test(token.raw);
  }
  return rows;
}

function listRows(list: Tokens.List, { width, style }: Place): Row[] {
  const first = list.ordered ? Number(list.start) : 1;
  return list.items.flatMap((item, index) => {
    const before = list.items[index - 1];
    const rows = itemRows(item, markerOf(list, first + index), width, style);
    return before !== undefined && /\n[ \t]*\n[ \t]*$/.test(before.raw) ? [[], ...rows] : rows;
  });
}

function itemRows(item: Tokens.ListItem, marker: string, width: number, style: Style): Row[] {
  const box = item.task ? `${item.checked === true ? '☑' : '☐'} ` : '';
  const indent = textWidth(marker);
  const rows = innerRows(item, { width: Math.max(1, width - indent - textWidth(box)), style });
  const blanks = ' '.repeat(indent);
  if (rows.length === 0) return [[span(marker + box, { ...style, role: 'muted' })]];
  return rows.map((own, index) => {
    if (index === 0) return [span(marker + box, { ...style, role: 'muted' }), ...own];
    return own.length === 0 ? own : [span(blanks, PLAIN), ...own];
  });
}

function prefixed(rows: readonly Row[], prefix: string): Row[] {
  return rows.map((own) => [span(prefix, { role: 'quote' }), ...own]);
}

function codeLines(token: Token): string[] {
  const text = 'text' in token && typeof token.text === 'string' ? token.text.replace(/\n$/, '') : '';
  return text === '' ? [] : text.split('\n');
}

function languageOf(token: Token): string {
  return 'lang' in token && typeof token.lang === 'string' ? (/^[\w+#.-]*/.exec(token.lang)?.[0] ?? '') : '';
}

function isList(token: Token): token is Tokens.List {
  return token.type === 'list' && 'items' in token;
}

function isTable(token: Token): token is Tokens.Table {
  return token.type === 'table' && 'header' in token;
}
