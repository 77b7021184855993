import { stripVTControlCharacters } from 'node:util';

/** Keys that tmux sends in place of characters also inside a bracketed paste. */
const CODED_KEY = /\u001b\[(?:27;\d+;(\d+)~|(\d+)(?::\d+)*(?:;[\d:]*)*u)/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Pasted bytes as text: line ends are `\n`, and nothing in it steers a terminal. */
export function pastedText(raw: string): string {
  const decoded = raw.replace(CODED_KEY, (_, other: string | undefined, code: string | undefined) => {
    const point = Number(code ?? other);
    return point <= 0x10ffff ? String.fromCodePoint(point) : '';
  });
  return stripVTControlCharacters(decoded).replaceAll(/\r\n?/g, '\n').replaceAll(CONTROLS, '');
}
