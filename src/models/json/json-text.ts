/** How half a surrogate pair is escaped. Harmless texts match too: whole pairs, and words about such escapes. */
const SURROGATE_ESCAPE = /\\ud[89a-f]/i;

/** A value as JSON text that every server can read: half a character, which UTF-8 can't carry, becomes U+FFFD. */
export function jsonText(value: object): string {
  const text = JSON.stringify(value);
  return SURROGATE_ESCAPE.test(text) ? JSON.stringify(value, wellFormed) : text;
}

/** A JSON text as it is, unless there is half a character in it. `value` is what the text says. */
export function readableJson(text: string, value: object): string {
  if (text.isWellFormed() && !SURROGATE_ESCAPE.test(text)) return text;
  return SURROGATE_ESCAPE.test(JSON.stringify(value)) ? jsonText(value) : text;
}

function wellFormed(_: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value;
}
