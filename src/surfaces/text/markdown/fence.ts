import { type Piece, PORTION_LINES } from './piece.ts';

/** Lines of code before a portion that its colours are found with. */
const LINES_BEFORE = 100;

/** A code block of which the end has not come yet. It is read line by line, so that long ones become final as they grow. */
export interface OpenFence {
  readonly type: 'fence';
  readonly marker: string;
  readonly indent: number;
  readonly language: string;
  /** Lines that are no piece yet, and those before them. */
  readonly lines: readonly string[];
  readonly before: readonly string[];
  readonly isApart: boolean;
}

const FENCE = /^( {0,3})(`{3,}(?=[^`\n]*(?:\n|$))|~{3,})([^\n]*)(?:\n|$)/;

export function startsFence(text: string): boolean {
  return FENCE.test(text);
}

/** The code block that a text starts with, and what is after its first line; null: it starts with none. */
export function openedFence(
  text: string,
  isApart: boolean,
): { readonly rest: string; readonly open: OpenFence } | null {
  const found = /^ {0,3}[`~]{3}/.test(text) && text.includes('\n') ? FENCE.exec(text) : null;
  if (!found) return null;
  const [all, indent = '', marker = '', info = ''] = found;
  const language = /^\s*([\w+#.-]*)/.exec(info)?.[1] ?? '';
  const open: OpenFence = { type: 'fence', marker, indent: indent.length, language, lines: [], before: [], isApart };
  return { rest: text.slice(all.length), open };
}

export interface CodeStep {
  readonly rest: string;
  readonly open: OpenFence | null;
  readonly pieces: readonly Piece[];
}

/** Takes one line of an open code block. Null: it is not whole yet. */
export function codeStep(fence: OpenFence, text: string, isEnd: boolean): CodeStep | null {
  const end = text.indexOf('\n');
  const isPartial = end === -1;
  if (isPartial && !isEnd) return null;
  const line = isPartial ? text : text.slice(0, end);
  const rest = isPartial ? '' : text.slice(end + 1);
  const isClosing = isFenceEnd(line, fence.marker);
  const lines =
    isClosing || (isPartial && line === '') ? fence.lines : [...fence.lines, unindented(line, fence.indent)];
  const isDone = isClosing || isPartial;
  if (!isDone && lines.length < PORTION_LINES) return { rest, open: { ...fence, lines }, pieces: [] };
  const { language, before, isApart } = fence;
  const pieces: Piece[] = lines.length === 0 ? [] : [{ type: 'code', language, lines, before, isApart }];
  if (isDone) return { rest, open: null, pieces };
  const open = { ...fence, lines: [], before: [...before, ...lines].slice(-LINES_BEFORE), isApart: false };
  return { rest, open, pieces };
}

/** The lines of an open code block that are whole, and the one that isn't. What may be the end of the block is no line. */
export function liveCode({ language, lines, before, isApart, indent }: OpenFence, rest: string): readonly Piece[] {
  const pieces: Piece[] = lines.length === 0 ? [] : [{ type: 'code', language, lines, before, isApart }];
  if (rest === '' || /^ {0,3}[`~]+[ \t]*$/.test(rest)) return pieces;
  const last = { language, lines: [unindented(rest, indent)], before: lines };
  return [...pieces, { type: 'code', ...last, isApart: isApart && pieces.length === 0 }];
}

function isFenceEnd(line: string, marker: string): boolean {
  const found = /^ {0,3}([`~]{3,})[ \t]*$/.exec(line)?.[1];
  return found !== undefined && found.length >= marker.length && /^(.)\1*$/.test(found) && found[0] === marker[0];
}

function unindented(line: string, indent: number): string {
  const blanks = /^ */.exec(line)?.[0].length ?? 0;
  return line.slice(Math.min(indent, blanks));
}
