import type { NamedKey } from './input-event.ts';

/** Keys of `CSI number ~`. */
export const TILDE_KEYS: Readonly<Record<number, NamedKey>> = {
  1: 'home',
  2: 'insert',
  3: 'delete',
  4: 'end',
  5: 'pageup',
  6: 'pagedown',
  7: 'home',
  8: 'end',
  11: 'f1',
  12: 'f2',
  13: 'f3',
  14: 'f4',
  15: 'f5',
  17: 'f6',
  18: 'f7',
  19: 'f8',
  20: 'f9',
  21: 'f10',
  23: 'f11',
  24: 'f12',
};

/** Keys of `CSI letter` and `SS3 letter`. */
export const LETTER_KEYS: Readonly<Record<string, NamedKey>> = {
  A: 'up',
  B: 'down',
  C: 'right',
  D: 'left',
  H: 'home',
  F: 'end',
  P: 'f1',
  Q: 'f2',
  R: 'f3',
  S: 'f4',
  M: 'enter',
};

/** Code points of `CSI code u` that are keys without a character (kitty keyboard protocol). */
export const CODE_KEYS: Readonly<Record<number, NamedKey>> = {
  9: 'tab',
  13: 'enter',
  27: 'escape',
  127: 'backspace',
  57414: 'enter',
  57417: 'left',
  57418: 'right',
  57419: 'up',
  57420: 'down',
  57421: 'pageup',
  57422: 'pagedown',
  57423: 'home',
  57424: 'end',
  57425: 'insert',
  57426: 'delete',
};

const KEYPAD = '0123456789./*-+';

/** The character of a key of the number pad (kitty keyboard protocol); null: the code is another key. */
export function keypadCharacter(code: number): string | null {
  if (code === 57415) return '=';
  if (code === 57416) return ',';
  return KEYPAD[code - 57399] ?? null;
}
