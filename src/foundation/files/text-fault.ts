import { isUtf8 } from 'node:buffer';
import { utf16MarkOf } from '../util/index.ts';

/** Bytes from the beginning of a file that show what it is; git looks at as many for a zero byte. */
export const SNIFFED_BYTES = 8_000;
/** The share of zero bytes from which on text without a mark is taken for UTF-16. */
const MIN_ZEROS = 0.3;
const BINARY = 'it is a binary file';

/** What kind of file has these first bytes, as the end of a sentence, if it is no text of single bytes or UTF-8; else null. */
export function kindFault(start: Buffer): string | null {
  const bytes = start.subarray(0, SNIFFED_BYTES);
  const utf16 = utf16MarkOf(bytes) ?? unmarkedUtf16(bytes);
  if (utf16 !== null) return `it is ${utf16.toUpperCase()} text, not UTF-8: convert it with iconv`;
  return bytes.includes(0) ? BINARY : null;
}

/** Why bytes are not UTF-8 text, as the end of a sentence; null if they are. Zero bytes are no fault of their own. */
export function textFault(bytes: Buffer): string | null {
  const kind = kindFault(bytes);
  if (isUtf8(bytes)) return kind === BINARY ? null : kind;
  return kind ?? `it is not UTF-8 text (first in line ${firstBadLine(bytes)}; perhaps Latin-1): use a command`;
}

/** Text in Latin letters has a zero in each second byte. */
function unmarkedUtf16(bytes: Buffer): 'utf-16le' | 'utf-16be' | null {
  let even = 0;
  let odd = 0;
  for (const [at, byte] of bytes.entries()) {
    if (byte === 0 && at % 2 === 0) even += 1;
    else if (byte === 0) odd += 1;
  }
  const isMany = even + odd >= bytes.length * MIN_ZEROS && bytes.length >= 4;
  if (!isMany || (even > 0 && odd > 0)) return null;
  return odd > 0 ? 'utf-16le' : 'utf-16be';
}

function firstBadLine(bytes: Buffer): number {
  let line = 1;
  for (let start = 0; ; line += 1) {
    const end = bytes.indexOf(0x0a, start);
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line;
    start = end + 1;
  }
}
