import type { Token, Tokens } from 'marked';
import { codeStep, liveCode, type OpenFence, openedFence, startsFence } from './fence.ts';
import { lexBlocks, plain } from './lex.ts';
import { markerOf, type Piece } from './piece.ts';
import { plainPortion } from './plain-lines.ts';
import { cleanPart } from './source.ts';

/** The lexer looks at this much of a text at once, characters, and at more only if nothing in it is final. */
const FIRST_WINDOW = 4_000;
/** A block that is longer is shown as plain text. */
const MAX_WINDOW = 60_000;

interface OpenList {
  readonly type: 'list';
  /** The number of the next item, if the list has numbers. */
  readonly next: number;
}

/** A text that arrives in parts. What is final of it is out; `rest` is what is not. */
export interface MarkdownStream {
  readonly held: string;
  readonly rest: string;
  readonly open: OpenFence | OpenList | null;
  /** What the piece before ends with: nothing is before, or it wants a blank row after it. */
  readonly last: 'nothing' | 'tight' | 'apart';
}

export const EMPTY_STREAM: MarkdownStream = { held: '', rest: '', open: null, last: 'nothing' };

export interface Advance {
  readonly stream: MarkdownStream;
  /** Pieces that are final now. */
  readonly pieces: readonly Piece[];
}

/** Adds a part. Only whole lines become final, so it doesn't matter where the parts are cut. */
export function pushMarkdown(stream: MarkdownStream, delta: string): Advance {
  const { text, held } = cleanPart(stream.held, delta);
  const added = { ...stream, held, rest: stream.rest + text };
  return text.includes('\n') ? advance(added, false) : { stream: added, pieces: [] };
}

/** Ends the text: the pieces that were not final yet. */
export function endMarkdown(stream: MarkdownStream): readonly Piece[] {
  const rest = stream.rest + (stream.held === '\r' ? '\n' : stream.held.toWellFormed());
  return advance({ ...stream, held: '', rest }, true).pieces;
}

/** What is not final yet, as it looks now. */
export function livePieces(stream: MarkdownStream): readonly Piece[] {
  return stream.open?.type === 'fence' ? liveCode(stream.open, stream.rest) : advance(stream, true).pieces;
}

function advance(start: MarkdownStream, isEnd: boolean): Advance {
  const pieces: Piece[] = [];
  let stream = start;
  for (;;) {
    const step = stream.open?.type === 'fence' ? fenceStep(stream, stream.open, isEnd) : blockStep(stream, isEnd);
    if (step === null) return { stream, pieces };
    pieces.push(...step.pieces);
    stream = step.stream;
  }
}

function fenceStep(stream: MarkdownStream, fence: OpenFence, isEnd: boolean): Advance | null {
  const step = codeStep(fence, stream.rest, isEnd);
  if (step === null) return null;
  const { rest, open, pieces } = step;
  // A block without lines at the start of a text shows nothing.
  const isFirst = stream.last === 'nothing' && fence.before.length + pieces.length === 0;
  return { stream: { ...stream, rest, open, last: open === null && !isFirst ? 'apart' : stream.last }, pieces };
}

function blockStep(stream: MarkdownStream, isEnd: boolean): Advance | null {
  const blank = /^(?:[ \t]*\n)+/.exec(stream.rest)?.[0];
  if (blank !== undefined) {
    const last = stream.last === 'nothing' ? 'nothing' : 'apart';
    return { stream: { ...stream, rest: stream.rest.slice(blank.length), last }, pieces: [] };
  }
  if (stream.rest.trim() === '') return null;
  const fence = openedFence(stream.rest, stream.last !== 'nothing');
  if (fence) return { stream: { ...stream, rest: fence.rest, open: fence.open }, pieces: [] };
  const portion = stream.open === null ? plainPortion(stream.rest) : null;
  if (portion !== null) return taken(stream, [plain(portion)], portion.length, null);
  for (let size = FIRST_WINDOW; ; size *= 4) {
    const window = windowOf(stream.rest, Math.min(size, MAX_WINDOW), isEnd);
    if (window === '') return null;
    const isWhole = isEnd && window.length === stream.rest.length;
    const step = lexed(stream, window, isWhole);
    if (step) return step;
    const isLast = window.length >= stream.rest.length || windowOf(stream.rest, size * 4, isEnd) === window;
    if (size >= MAX_WINDOW && stream.rest.length > MAX_WINDOW)
      return taken(stream, [plain(window)], window.length, null);
    if (isLast) return null;
  }
}

/** Whole lines from the start of a text; all of it at its end. */
function windowOf(rest: string, size: number, isEnd: boolean): string {
  if (isEnd && rest.length <= size) return rest;
  const end = rest.lastIndexOf('\n', size - 1) + 1;
  return end === 0 && rest.length > MAX_WINDOW ? rest.slice(0, MAX_WINDOW) : rest.slice(0, end);
}

/** The final blocks of a window: those that others follow. Null: there is none. */
function lexed(stream: MarkdownStream, window: string, isWhole: boolean): Advance | null {
  const tokens = lexBlocks(window);
  const final: Token[] = [];
  let length = 0;
  for (const [index, token] of tokens.entries()) {
    // Code blocks and long paragraphs are read line by line, from their first one on.
    if (index > 0 && (isFence(token) || plainPortion(window.slice(length)) !== null)) break;
    if (!isWhole && !isFinal(tokens, index)) {
      if (token.type !== 'list' || final.length > 0) break;
      return listItems(stream, token);
    }
    final.push(token);
    length += token.raw.length;
  }
  return final.length === 0 ? null : taken(stream, final, length, null);
}

function isFinal(tokens: readonly Token[], index: number): boolean {
  const next = tokens[index + 1];
  if (next === undefined) return false;
  if (next.type !== 'space' || index + 2 < tokens.length) return true;
  // A list or indented code continues after blank lines.
  return tokens[index]?.type !== 'list' && tokens[index]?.type !== 'code';
}

/** The items of a list that others follow. */
function listItems(stream: MarkdownStream, token: Token): Advance | null {
  if (!isList(token) || token.items.length < 2) return null;
  const first = stream.open?.type === 'list' ? stream.open.next : firstNumber(token);
  const items = token.items.slice(0, -1);
  const length = items.reduce((sum, { raw }) => sum + raw.length, 0);
  return taken(stream, [{ ...token, items }], length, { type: 'list', next: first + items.length });
}

function taken(stream: MarkdownStream, tokens: readonly Token[], length: number, open: OpenList | null): Advance {
  const pieces: Piece[] = [];
  let { last } = stream;
  let list = stream.open?.type === 'list' ? stream.open : null;
  for (const token of tokens) {
    if (token.type === 'space') {
      last = last === 'nothing' ? 'nothing' : 'apart';
      continue;
    }
    if (isList(token)) {
      const first = list?.next ?? firstNumber(token);
      for (const [index, item] of token.items.entries()) {
        pieces.push({ type: 'item', item, marker: markerOf(token, first + index), isApart: last === 'apart' });
        last = endsBlank(item.raw) ? 'apart' : 'tight';
      }
    } else {
      const stands = token.type === 'heading' || token.type === 'table' || token.type === 'code';
      pieces.push({ type: 'block', block: token, isApart: last === 'apart' || (stands && last !== 'nothing') });
      last = stands || endsBlank(token.raw) ? 'apart' : 'tight';
    }
    list = null;
  }
  return { stream: { ...stream, rest: stream.rest.slice(length), open, last }, pieces };
}

function firstNumber({ ordered, start }: Tokens.List): number {
  return ordered ? Number(start) : 1;
}

function isList(token: Token): token is Tokens.List {
  return token.type === 'list' && 'items' in token;
}

function isFence(token: Token): boolean {
  return token.type === 'code' && startsFence(token.raw);
}

function endsBlank(raw: string): boolean {
  return /\n[ \t]*\n[ \t]*$/.test(raw);
}
