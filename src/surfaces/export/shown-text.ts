import { stripVTControlCharacters } from 'node:util';

/** The most that a transcript shows of one output, characters: its start and its end. */
const MAX_OUTPUT_CHARS = 20_000;
const HEAD_CHARS = 12_000;

/**
 * Output of a program without control sequences; the middle of a long one is left out, with a note.
 */
export function shownOutput(text: string): string {
  return bounded(visible(stripVTControlCharacters(text)));
}

/** Replaces control characters by their symbols, and lone surrogates: no viewer acts on them. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('\r\n', '\n')
    .replaceAll(/[\u0000-\u0008\u000b-\u001f]/g, (char) => String.fromCharCode(0x2400 + char.charCodeAt(0)))
    .replaceAll(/[\u007f-\u009f]/g, '\u2421');
}

function bounded(text: string): string {
  if (text.length <= MAX_OUTPUT_CHARS) return text;
  const tailChars = MAX_OUTPUT_CHARS - HEAD_CHARS;
  const left = (text.length - MAX_OUTPUT_CHARS).toLocaleString('en-US');
  const head = text.slice(0, HEAD_CHARS).toWellFormed();
  const tail = text.slice(-tailChars).toWellFormed();
  return `${head}\n\n[${left} characters left out here; the record has them]\n\n${tail}`;
}
