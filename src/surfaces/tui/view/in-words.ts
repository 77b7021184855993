import { type Row, type Span, span } from '../../text/index.ts';

/** A sign as a span of its own before what a row says, perhaps with the number of a choice behind it. */
const SIGN = /^ *([•●○└│›↳✔✗□■⚠]) +(\d+\. +)?$/;
const RULE = /^[─┼]+$/;
const GAP = ' │ ';

/** A row for those who hear it: signs are words or nothing, and cells of a table are parted by commas. */
export function inWords(row: Row): Row {
  const first = row.findIndex((part) => part.text.trim() !== '' && wordOf(part) === null);
  const end = first === -1 ? row.length : first;
  const head = row.slice(0, end).flatMap((part): Row => {
    const word = wordOf(part);
    if (word === null) return [part];
    return word === '' ? [] : [span(word, part.style)];
  });
  return [...head, ...row.slice(end).map(withoutLines)];
}

/** Null: the span is no sign. */
function wordOf({ text, style }: Span): string | null {
  const [, sign, number = ''] = SIGN.exec(text) ?? [];
  switch (sign) {
    case undefined:
      return null;
    case '⚠':
      return 'Warning: ';
    case '■':
      return 'Error: ';
    case '✔':
      // The steps of a plan; what succeeded says so itself.
      return style.role === 'muted' ? 'Done: ' : '';
    case '□':
      return style.role === 'accent' ? 'Now: ' : 'To do: ';
    case '›':
      return style.isPrompt === true ? 'You: ' : number;
    default:
      return number;
  }
}

function withoutLines(part: Span): Span {
  if (part.style.role !== 'muted') return part;
  if (part.text === GAP) return span(', ', part.style);
  return RULE.test(part.text) ? span('', part.style) : part;
}
