import { stripVTControlCharacters } from 'node:util';

/** All that may move a cursor, ring a bell, set a title or a clipboard, or turn the direction of writing, but no line end and no tab. */
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Sets weight or colour of the letters and nothing else; what `styleText` writes is made of these. */
const LETTER_STYLE = /(\u001b\[(?:[012]|22|3[0-79]|9[0-7])m)/;

/**
 * Text of a model, a server or a file, fit for a terminal: nothing of it steers the terminal or reorders what is read.
 * A carriage return becomes a line end, as where a program wrote its progress over the same line.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replaceAll(/\r\n?/g, '\n').replaceAll(CONTROLS, '');
}

/** Like `printable`, but what would steer a terminal is shown instead of left out (`\\x1b`): a name has to be known from another. */
export function visible(text: string): string {
  return text.replaceAll(CONTROLS, (control) => {
    const code = control.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/** Like `printable`, for text with styles of keel's own: colours and weight stay. */
export function printableStyled(text: string): string {
  return text
    .split(LETTER_STYLE)
    .map((piece, index) => (index % 2 === 1 ? piece : printable(piece)))
    .join('');
}
