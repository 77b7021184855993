import { cleanLine, markInvisible } from './clean.ts';
import { type DiffForm, type DiffLine, diffLines } from './diff-lines.ts';
import { highlightLines } from './highlight.ts';
import { languageOfPath } from './languages.ts';
import { type Role, type Row, row, type Span, span } from './row.ts';
import { rowWidth } from './width.ts';
import { sliceRow, wrapSoft } from './wrap.ts';

export interface DiffShape {
  /** Cells of a row. */
  readonly width: number;
  readonly form: DiffForm;
  /** The file, for the colours of its language; empty where the diff names its files. */
  readonly path: string;
}

type Changed = Extract<DiffLine, { number: number }>;

/**
 * A diff as rows: the number of the line, a sign, and the text in the colours of its language on the tint of the change. Signs
 * are there in any case: colour alone says nothing. Long lines continue below, indented.
 */
export function diffRows(diff: string, { width, form, path }: DiffShape): Row[] {
  const lines = diffLines(diff, form);
  const digits = Math.max(1, ...lines.map((line) => ('number' in line ? String(line.number).length : 0)));
  const rows: Row[] = [];
  let language = languageOfPath(path);
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (line === undefined) break;
    if (isChanged(line)) {
      let end = at;
      while (end < lines.length && isChangedAt(lines, end)) end += 1;
      rows.push(...hunkRows(lines.slice(at, end).filter(isChanged), { width, digits, language }));
      at = end;
      continue;
    }
    if (line.type === 'file') {
      language = languageOfPath(line.path);
      if (rows.length > 0) rows.push([]);
    }
    rows.push(...headRow(line, digits).flatMap((own) => wrapSoft(own, Math.max(1, width))));
    at += 1;
  }
  return rows;
}

function isChanged(line: DiffLine): line is Changed {
  return 'number' in line;
}

function isChangedAt(lines: readonly DiffLine[], at: number): boolean {
  const line = lines[at];
  return line !== undefined && isChanged(line);
}

function headRow(line: Exclude<DiffLine, Changed>, digits: number): Row[] {
  if (line.type === 'gap') return [row(`${' '.repeat(Math.max(0, digits - 1))}⋮`, { role: 'muted' })];
  const text = markInvisible(cleanLine(line.text));
  return [row(text, line.type === 'file' ? { bold: true } : { role: 'muted' })];
}

interface HunkShape {
  readonly width: number;
  readonly digits: number;
  readonly language: string;
}

/** Old and new text are read each as a whole, so that an open comment or string is known in both. */
function hunkRows(lines: readonly Changed[], { width, digits, language }: HunkShape): Row[] {
  const texts = lines.map(({ text }) => markInvisible(cleanLine(text)));
  const side = (dropped: Changed['type']) => {
    const kept = lines.flatMap(({ type }, index) => (type === dropped ? [] : [index]));
    const found = highlightLines(
      language,
      kept.map((index) => texts[index] ?? ''),
    );
    return new Map(kept.map((index, order) => [index, found[order] ?? []]));
  };
  const now = side('removed');
  const old = side('added');
  return lines.flatMap(({ type, number }, index) => {
    const code = (type === 'removed' ? old : now).get(index) ?? [];
    return lineRows(code, { type, number: String(number).padStart(digits), width });
  });
}

const SIGNS = { added: '+', removed: '-', kept: ' ' } as const;

interface LineShape {
  readonly type: Changed['type'];
  readonly number: string;
  readonly width: number;
}

function lineRows(code: Row, { type, number, width }: LineShape): Row[] {
  const on: Role | null = type === 'kept' ? null : type;
  const tinted = on === null ? code : code.map(({ text, style }) => span(text, { ...style, on }));
  const room = Math.max(1, width - number.length - 3);
  const parts = chunks(tinted, room);
  const blank = ' '.repeat(number.length);
  return parts.map((part, index) => {
    const head: Span[] = [span(`${index === 0 ? number : blank} `, { role: 'muted' })];
    const sign = span(`${index === 0 ? SIGNS[type] : ' '} `, on === null ? {} : { role: on });
    const end = on === null ? [] : [span('', { role: on })];
    return [...head, sign, ...part, ...end];
  });
}

/** Cuts a row at cells: code isn't wrapped at its blanks. */
function chunks(code: Row, room: number): Row[] {
  const width = rowWidth(code);
  if (width <= room) return [code];
  const parts: Row[] = [];
  for (let from = 0; from < width; ) {
    const part = sliceRow(code, from, from + room);
    parts.push(part);
    from += Math.max(1, rowWidth(part));
  }
  return parts;
}
