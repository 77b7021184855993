import { isUtf8 } from 'node:buffer';

/** Control characters would break the line, and characters that turn the direction of text would disguise a name. */
const UNSHOWABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u;

/** A file name on one line that can be used as it is: an unusual name is quoted for shells. */
export function shownPath(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (isUtf8(bytes) && !UNSHOWABLE.test(text)) return text;
  let word = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) word += escapes[character] ?? `\\x${byte.toString(16).padStart(2, '0')}`;
    else word += character === "'" || character === '\\' ? `\\${character}` : character;
  }
  return `$'${word}'`;
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r' };
