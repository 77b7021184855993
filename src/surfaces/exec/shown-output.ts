import { printable } from '../../foundation/util/index.ts';

/** Lines of a text that are shown at its start and at its end; the events have all of it. */
export interface ShownLines {
  readonly head: number;
  readonly tail: number;
}

export const OUTPUT_LINES: ShownLines = { head: 6, tail: 14 };
/** What went wrong is usually near the end: test runners print their failures there. */
export const FAILED_OUTPUT_LINES: ShownLines = { head: 10, tail: 40 };
/** Limit for one line, characters: minified code and data are lines of megabytes. */
const MAX_LINE_CHARS = 600;

/** The start and the end of a text, with a line about what is left out between them; empty, or with a line end. */
export function headAndTail(text: string, { head, tail }: ShownLines): string {
  const lines = printable(text).trimEnd().split('\n');
  if (lines.length === 1 && lines[0] === '') return '';
  const left = lines.length - head - tail;
  // A line about one line would take the place of that line.
  const shown =
    left <= 1 ? lines : [...lines.slice(0, head), `… ${left} lines left out …`, ...lines.slice(lines.length - tail)];
  return `${shown.map(shortened).join('\n')}\n`;
}

function shortened(line: string): string {
  if (line.length <= MAX_LINE_CHARS) return line;
  const half = MAX_LINE_CHARS / 2;
  const left = (line.length - MAX_LINE_CHARS).toLocaleString('en-US');
  return `${line.slice(0, half)}… ${left} characters left out …${line.slice(-half)}`.toWellFormed();
}
