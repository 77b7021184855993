/** What steers a terminal or turns the direction of writing. Taken out one by one, so that it doesn't matter where a text is cut. */
const STEERING = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

export interface CleanPart {
  readonly text: string;
  /** The end of the part, which only the next one explains: half a line end, half a character. */
  readonly held: string;
}

/** A part of a model's text with `\n` as its line ends and without what steers a terminal. */
export function cleanPart(held: string, delta: string): CleanPart {
  const all = held + delta;
  const last = all.charCodeAt(all.length - 1);
  const isHalf = last === 13 || (last >= 0xd800 && last <= 0xdbff);
  const whole = isHalf ? all.slice(0, -1) : all;
  const text = whole.replaceAll(/\r\n?/g, '\n').replaceAll(STEERING, '').toWellFormed();
  return { text, held: isHalf ? all.slice(-1) : '' };
}
