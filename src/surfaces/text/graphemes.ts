/**
 * Text of which each UTF-16 unit is a grapheme of one cell: ASCII, European letters, punctuation, arrows, mathematical signs,
 * lines and blocks, check marks, braille. No unit in it joins another.
 */
const SIMPLE =
  /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0377\u037a-\u037f\u0384-\u038a\u038e-\u03a1\u03a3-\u0482\u048a-\u052f\u1e00-\u1eff\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u22ff\u2500-\u25fc\u25ff\u2610-\u2612\u2713\u2714\u2717\u2718\u2800-\u28ff]*$/;

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

/** A text without its last user-perceived character, as Backspace leaves it. */
export function withoutLast(text: string): string {
  return graphemes(text).slice(0, -1).join('');
}
