import { isSimple } from './graphemes.ts';
import { loadPackage } from './load.ts';
import type { Row } from './row.ts';

/** Widths of graphemes that were looked up; a conversation uses a few hundred. */
const known = new Map<string, number>();
const MAX_KNOWN = 5_000;
/** Longer texts are not remembered. */
const MAX_KNOWN_LENGTH = 16;

let measure: ((text: string) => number) | null = null;

/** The tables of Unicode, loaded with the first text that needs them. */
function measured(text: string): number {
  measure ??= measureOf(loadPackage('string-width'));
  return measure(text);
}

function measureOf(loaded: unknown): (text: string) => number {
  const found = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : null;
  if (typeof found !== 'function') throw new Error('string-width has no function that measures');
  return (text) => Number(found(text));
}

/** Cells that a text without control characters takes on the screen. */
export function textWidth(text: string): number {
  if (isSimple(text)) return text.length;
  if (text.length > MAX_KNOWN_LENGTH) return measured(text);
  const found = known.get(text);
  if (found !== undefined) return found;
  const width = measured(text);
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
