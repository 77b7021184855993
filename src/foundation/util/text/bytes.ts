/** UTF-8 size of a text. Every limit in keel counts these bytes, never JavaScript string length. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

/** The longest prefix of `text` that fits into `maxBytes` of UTF-8 without splitting a character. */
export function cutBytesEnd(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text, 'utf8');
  let end = Math.max(0, maxBytes);
  while (end > 0 && isContinuation(bytes[end])) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** The longest suffix of `text` that fits into `maxBytes` of UTF-8 without splitting a character. */
export function cutBytesStart(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || byteLength(text) <= maxBytes) return text;
  const bytes = Buffer.from(text, 'utf8');
  let start = bytes.length - Math.max(0, maxBytes);
  while (start < bytes.length && isContinuation(bytes[start])) start += 1;
  return bytes.toString('utf8', start);
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

/** The encodings whose byte order mark a text file may start with (Unicode Standard, 23.8). */
type MarkedEncoding = 'utf-16le' | 'utf-16be';

/** The text of a file: UTF-8, or UTF-16 where a mark says so; without the mark. Bytes that are not text become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(utf16MarkOf(bytes) ?? 'utf-8').decode(bytes);
}

/** The form of UTF-16 that a byte order mark names; null where there is none. */
export function utf16MarkOf([first, second]: Uint8Array): MarkedEncoding | null {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : null;
}
