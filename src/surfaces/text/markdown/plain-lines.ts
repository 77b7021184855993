import { PORTION_LINES } from './piece.ts';

/**
 * A line that starts with a letter and has nothing that Markdown gives a meaning to. Blanks at its end would be a line break of
 * Markdown's own.
 */
const LINE = String.raw`\p{L}[[\S ]--[\\*_~\x60\[\]<>&\|@]]*`;
const LINE_END = String.raw`(?<! )\n`;
const TEXT = new RegExp(`^(?:${LINE}${LINE_END})*(?:${LINE})?$`, 'v');
/** The line behind a portion keeps what follows it part of the same paragraph. */
const PORTION = new RegExp(`^(?:${LINE}${LINE_END}){${PORTION_LINES}}(?=${LINE}${LINE_END})`, 'v');
/** What becomes a link without a mark. */
const ADDRESS = /:\/\/|www\./i;

/** Whether a text is one paragraph of plain words: most of what a model writes, and not worth a lexer. */
export function isPlainText(text: string): boolean {
  return TEXT.test(text) && !ADDRESS.test(text);
}

/**
 * The first lines of a long paragraph of plain words. They are final before the paragraph ends, so that what is shown again in
 * each frame stays short: no mark in them can pair with a later one.
 */
export function plainPortion(text: string): string | null {
  const portion = PORTION.exec(text)?.[0];
  return portion === undefined || ADDRESS.test(portion) ? null : portion;
}
