/** How `JSON.stringify` writes half a surrogate pair. It matches a harmless text about such escapes as well. */
const LONE_SURROGATE = /\\ud[89a-f]/;

/** A value as JSON text that every server can read: half a character, which UTF-8 can't carry, becomes U+FFFD. */
export function jsonText(value: object): string {
  const text = JSON.stringify(value);
  return LONE_SURROGATE.test(text) ? JSON.stringify(value, wellFormed) : text;
}

function wellFormed(_: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}
