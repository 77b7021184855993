import type { Lexer, Token } from 'marked';
import { loadPackage } from '../load.ts';
import { isPlainText } from './plain-lines.ts';

/** Deeper nesting than anybody writes: the lexer goes down it call by call. */
const DEEP_LINE = /^((?:[ \t]*(?:>|[-*+]|\d+[.)])){12})((?:[ \t]*(?:>|[-*+]|\d+[.)]))+)/gm;
/** More marks of emphasis in one paragraph than anybody sets: what pairs them up looks at each for each. */
const MAX_MARKS = 1_000;
/** Longer than any word or address: what looks for addresses in it starts again at each of its characters. */
const LONG_WORD = /\S{4000}/;

let makeLexer: (() => Lexer) | null = null;

/** A lexer, from a package that is loaded with the first message. */
function newLexer(): Lexer {
  makeLexer ??= lexerOf(loadPackage('marked'));
  return makeLexer();
}

function lexerOf(loaded: unknown): () => Lexer {
  if (!isMarked(loaded)) throw new Error('marked has no lexer');
  const { defaults } = new loaded.Marked({
    gfm: true,
    tokenizer: {
      // HTML is text like any other. Definitions of links would change what was shown before them.
      html: () => undefined,
      tag: () => undefined,
      def: () => undefined,
      reflink: () => undefined,
    },
  });
  return () => new loaded.Lexer(defaults);
}

function isMarked(value: unknown): value is typeof import('marked') {
  return typeof value === 'object' && value !== null && 'Lexer' in value && 'Marked' in value;
}

/** The top-level blocks of a text. Their `raw` texts together are the text, whatever is in it. */
export function lexBlocks(text: string): Token[] {
  if (isPlainText(text)) return [plain(text)];
  // Of the same length, so that a block's place in the text is known.
  const source = text.replaceAll(
    DEEP_LINE,
    (_, head: string, rest: string) => head + rest.replaceAll(/[>*+.)-]/g, '·'),
  );
  try {
    const lexer = newLexer();
    const tokens = lexer.blockTokens(source, []);
    for (const { src, tokens: inner } of lexer.inlineQueue) inner.push(...lexInline(lexer, src));
    const length = tokens.reduce((sum, { raw }) => sum + raw.length, 0);
    return length === source.length ? tokens : [plain(source)];
  } catch {
    // Whatever the text does to the lexer, it is still a text.
    return [plain(source)];
  }
}

function lexInline(lexer: Lexer, source: string): Token[] {
  const marks = source.match(/[*_~`[\]]/g)?.length ?? 0;
  return marks > MAX_MARKS || LONG_WORD.test(source) ? [textToken(source)] : lexer.inlineTokens(source);
}

/** A paragraph without marks. */
export function plain(raw: string): Token {
  const text = raw.replace(/\n$/, '');
  return { type: 'paragraph', raw, text, tokens: [textToken(text)] };
}

function textToken(text: string): Token {
  return { type: 'text', raw: text, text, escaped: false };
}
