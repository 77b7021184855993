/**
 * Unicode White_Space, written out: JavaScript's own `trim` also removes the byte order mark, and does not remove the
 * next-line character.
 */
const SPACE = '[\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
const IS_SPACE = new RegExp(SPACE);

export function trimmed(text: string): string {
  return trimmedEnd(text.replace(LEADING, ''));
}

/** The white space at the start. */
export function leading(text: string): string {
  return LEADING.exec(text)?.[0] ?? '';
}

/** From the end: an expression would try each place in a long run of blanks that something follows. */
export function trimmedEnd(text: string): string {
  let end = text.length;
  while (end > 0 && IS_SPACE.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

const LOOKALIKES: readonly (readonly [RegExp, string])[] = [
  [/[\u2010-\u2015\u2212]/g, '-'],
  [/[\u2018-\u201b]/g, "'"],
  [/[\u201c-\u201f]/g, '"'],
  [/[\u00a0\u2002-\u200a\u202f\u205f\u3000]/g, ' '],
];

/** The text with typographic dashes, quotes and spaces as plain ones. */
export function plain(text: string): string {
  return LOOKALIKES.reduce((result, [pattern, by]) => result.replace(pattern, by), trimmed(text));
}
