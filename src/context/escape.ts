const MAX_PATH_CHARS = 300;
/** Control characters (line breaks among them), and characters that change the direction or look of the text behind them. */
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/** A text on one line, bounded, without characters that control a terminal. */
export function onOneLine(value: string, maxChars: number = MAX_PATH_CHARS): string {
  // The value may be huge, so it is cut first; half a surrogate pair becomes a replacement character.
  const line = value.slice(0, maxChars).toWellFormed().replaceAll(UNPRINTABLE, ' ');
  return value.length > maxChars ? `${line}...` : line;
}

/** A value for a place inside one of keel's tags: on one line, bounded, and unable to close the tag. */
export function escaped(value: string, maxChars: number = MAX_PATH_CHARS): string {
  return onOneLine(value, maxChars).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
