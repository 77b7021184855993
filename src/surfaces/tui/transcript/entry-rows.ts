import { assertNever } from '../../../foundation/util/index.ts';
import {
  diffRows,
  type Row,
  row,
  rowWidth,
  type Span,
  type Style,
  span,
  textWidth,
  wrapSoft,
} from '../../text/index.ts';
import { exploredRows } from './command-rows.ts';
import type { CardEntry, Entry, HeaderEntry, NoticeEntry } from './entry.ts';
import { itemRows } from './item-rows.ts';
import { exactRows, oneLine, prefixed, textRows } from './lines.ts';
import type { Shape } from './shape.ts';
import { workRows } from './work-rows.ts';

/** An entry in rows, without the blank row before it. None is wider than the window, however narrow that is. */
export function entryRows(entry: Entry, shape: Shape): Row[] {
  return ownRows(entry, shape).flatMap((one) => wrapSoft(one, Math.max(2, shape.width)));
}

function ownRows(entry: Entry, shape: Shape): Row[] {
  const { width } = shape;
  switch (entry.type) {
    case 'item':
      return itemRows(entry, shape);
    case 'explored':
      return exploredRows(entry, shape);
    case 'notice':
      return noticeRows(entry, width);
    case 'header':
      return headerRows(entry, width);
    case 'card':
      return cardRows(entry, width);
    case 'text': {
      const rows =
        entry.form === 'diff'
          ? diffRows(entry.text, { width, form: 'unified', path: '' })
          : exactRows(entry.text.trimEnd(), width);
      return [...exactRows(oneLine(entry.title), width, { bold: true }), ...rows];
    }
    case 'work':
      return workRows(entry, shape);
    case 'turnEnd':
      return [
        row(`Worked for ${Math.floor(entry.seconds / 60)}m ${Math.floor(entry.seconds % 60)}s`, { role: 'muted' }),
      ];
    default:
      return assertNever(entry, 'entry');
  }
}

const NOTICES: Readonly<Record<NoticeEntry['level'], readonly [sign: string, style: Style]>> = {
  info: ['• ', { role: 'muted' }],
  success: ['✔ ', { role: 'success' }],
  warning: ['⚠ ', { role: 'warning' }],
  error: ['■ ', { role: 'danger' }],
};

function noticeRows({ level, text, detail = [] }: NoticeEntry, width: number): Row[] {
  const [sign, style] = NOTICES[level];
  const style2: Style = level === 'info' || level === 'success' ? {} : style;
  const rows = prefixed(textRows(text, width - 2, style2), span(sign, style), span('  '));
  return [
    ...rows,
    ...detail.flatMap((line) => prefixed(textRows(line, width - 2, { role: 'muted' }), span('  '), span('  '))),
  ];
}

/** What the thread works with, and the first commands to know. */
function headerRows({ version, model, effort, cwd }: HeaderEntry, width: number): Row[] {
  const facts: Row[] = [
    [span('keel', { bold: true }), span(` ${version}`, { role: 'muted' })],
    [
      span('model: ', { role: 'muted' }),
      span(`${model}${effort === null ? '' : ` ${effort}`}`),
      span('  /model changes it', { role: 'muted' }),
    ],
    [span('directory: ', { role: 'muted' }), span(oneLine(cwd))],
  ];
  return facts.map((one) => cutRow(one, width));
}

/** A row that is cut where it is too wide. */
export function cutRow(one: Row, width: number): Row {
  if (rowWidth(one) <= width) return one;
  const spans: Span[] = [];
  let left = width - 1;
  for (const part of one) {
    const text = cutTo(part.text, left);
    spans.push(span(text, part.style));
    left -= textWidth(text);
    if (text !== part.text) break;
  }
  return [...spans, span('…', { role: 'muted' })];
}

/** The longest start of a text that fits the width, in cells. */
export function cutTo(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  let cut = '';
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    if (textWidth(cut + segment) > width) break;
    cut += segment;
  }
  return cut;
}

function cardRows({ title, facts }: CardEntry, width: number): Row[] {
  const labels = Math.min(24, Math.max(0, ...facts.map(([label]) => textWidth(oneLine(label)))));
  const rows = facts.flatMap(([label, value]) => {
    const name = cutTo(oneLine(label), labels);
    const head = span(`  ${name}${' '.repeat(labels - textWidth(name))}  `, { role: 'muted' });
    return prefixed(textRows(value, Math.max(8, width - labels - 4)), head, span(' '.repeat(labels + 4)));
  });
  return [row(title, { bold: true }), ...rows];
}
