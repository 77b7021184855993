/** The encodings whose byte order mark a text file may start with (Unicode Standard, 23.8). */
type MarkedEncoding = 'utf-16le' | 'utf-16be';

/** The text of a file: UTF-8, or UTF-16 where a mark says so; without the mark. Bytes that are no text become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(utf16MarkOf(bytes) ?? 'utf-8').decode(bytes);
}

/** The form of UTF-16 that a byte order mark names; null where there is none. */
export function utf16MarkOf([first, second]: Uint8Array): MarkedEncoding | null {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : null;
}
