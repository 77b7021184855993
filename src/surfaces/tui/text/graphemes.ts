/** Any text of which each UTF-16 unit is a grapheme of one cell. */
const SIMPLE = /^[\x20-\x7e]*$/;

let segmenter: Intl.Segmenter | null = null;

/** Whether each character is one cell and one grapheme: most text is, and needs no look at the tables. */
export function isSimple(text: string): boolean {
  return SIMPLE.test(text);
}

/** The user-perceived characters of a text. */
export function graphemes(text: string): string[] {
  if (isSimple(text)) return text.split('');
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}
