import stringWidth from 'string-width';
import { isSimple } from './graphemes.ts';
import type { Row } from './row.ts';

/** Widths of graphemes that were looked up; a conversation uses a few hundred. */
const known = new Map<string, number>();
const MAX_KNOWN = 5_000;
/** Longer texts are not remembered. */
const MAX_KNOWN_LENGTH = 16;

/** Cells that a text without control characters takes on the screen. */
export function textWidth(text: string): number {
  if (isSimple(text)) return text.length;
  if (text.length > MAX_KNOWN_LENGTH) return stringWidth(text);
  const found = known.get(text);
  if (found !== undefined) return found;
  const width = stringWidth(text);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, width);
  return width;
}

/** Cells that a row takes on the screen. */
export function rowWidth(row: Row): number {
  let width = 0;
  for (const { text } of row) width += textWidth(text);
  return width;
}
