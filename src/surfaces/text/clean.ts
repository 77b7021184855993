import { stripVTControlCharacters } from 'node:util';

/** Commands with a text of their own (DCS, APC, PM, SOS), which Node's function leaves. */
const STRINGS = /\u001b[P_^X][^\u0007\u001b]*(?:\u0007|\u001b\\)?/g;
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/g;
/** Turn the direction of writing, or show nothing: with them a text reads as another. */
const DECEIVING =
  /\u034f|[\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0]|[\u{e0000}-\u{e007f}]/gu;

/** One line of anybody's text, for a row: no escape sequences, no control characters but tabs as blanks. */
export function cleanLine(line: string): string {
  return stripVTControlCharacters(line.replaceAll(STRINGS, ''))
    .replaceAll('\t', '    ')
    .replaceAll(CONTROLS, '')
    .toWellFormed();
}

/** Names characters that turn the direction of writing or can't be seen: `<U+202E>`. */
export function markInvisible(text: string): string {
  return text.replaceAll(
    DECEIVING,
    (one) => `<U+${(one.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}>`,
  );
}
