import { highlightLines } from './highlight.ts';
import type { Row } from './row.ts';
import { wrapSoft } from './wrap.ts';

export interface CodeText {
  readonly language: string;
  readonly lines: readonly string[];
  /** Lines before them, which decide how they are read. */
  readonly before: readonly string[];
}

const TAB_STOP = 4;

/** Lines that were read already, by their array: those of an open block are shown in each frame. */
const known = new WeakMap<readonly string[], { readonly language: string; readonly rows: readonly Row[] }>();

/** Code as it copies: no gutter, no blanks at the ends, and lines that are too long wrapped by the terminal itself. */
export function codeRows({ language, lines, before }: CodeText, width: number): Row[] {
  let found = known.get(lines);
  if (found?.language !== language) {
    found = { language, rows: highlightLines(language, lines.map(expandTabs), before.map(expandTabs)) };
    known.set(lines, found);
  }
  return found.rows.flatMap((line) => wrapSoft(line, width));
}

/** Tabs as blanks up to the next stop: no row has control characters. */
export function expandTabs(line: string): string {
  if (!line.includes('\t')) return line.trimEnd();
  let column = 0;
  let text = '';
  for (const one of line) {
    const part = one === '\t' ? ' '.repeat(TAB_STOP - (column % TAB_STOP)) : one;
    text += part;
    column += part.length;
  }
  return text.trimEnd();
}
