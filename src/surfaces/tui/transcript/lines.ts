import { printable } from '../../../foundation/util/index.ts';
import {
  ansiLines,
  markInvisible,
  PLAIN,
  type Row,
  type Span,
  type Style,
  span,
  wrapRow,
  wrapSoft,
} from '../../text/index.ts';

const TAB = '    ';

/** Text of anyone, wrapped at words to a width; its own line ends stay. */
export function textRows(text: string, width: number, style: Style = PLAIN): Row[] {
  return linesOf(text).flatMap((line) => wrapRow([span(line, style)], { width: Math.max(1, width) }));
}

/** Text of anyone that copies as it is: a line that is too long is wrapped by the terminal itself. */
export function exactRows(text: string, width: number, style: Style = PLAIN): Row[] {
  return linesOf(text).flatMap((line) => wrapSoft([span(line, style)], Math.max(1, width)));
}

/** Output of a program with its colours; a line that is too long is wrapped by the terminal itself. */
export function outputRows(text: string, width: number): Row[] {
  const muted = ({ text: part, style }: Span) => span(markInvisible(part), { role: 'muted', ...style });
  return ansiLines(text.split(/\r\n?|\n/)).flatMap((line) => wrapSoft(line.map(muted), Math.max(1, width)));
}

/** Lines without what could steer the terminal. */
export function linesOf(text: string): string[] {
  return printable(text).replaceAll('\t', TAB).split('\n');
}

/** Rows behind a sign: the first row has it, the others are indented by its width. */
export function prefixed(rows: readonly Row[], first: Span, rest: Span): Row[] {
  return rows.map((row, index) => [index === 0 ? first : rest, ...row]);
}

/** One line of anyone's text: without line ends. */
export function oneLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, ' ').trim();
}
