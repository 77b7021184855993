import { plain } from './white-space.ts';

/** Look-alikes are not searched for in a longer text. */
const MAX_SEARCHED_CHARS = 8 * 1024 * 1024;
/** Limit for the characters of a difference that are named. */
const MAX_NAMED = 4;

/** Invisible characters: zero-width ones, joiners, directional marks and the soft hyphen. */
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/gu;
/** The zero-width no-break space is white space to a pattern, and nothing to the eye. */
const BLANK = /[^\S\n\ufeff]/u;

/** A text as it looks: without differences of normal form, white space, typographic and invisible characters. */
interface Folded {
  readonly text: string;
  /** Per character of `text`, the index of the character that it was made from. */
  readonly origins: readonly number[];
}

/** One line as it looks. Lines that look alike are equal. */
export function foldedLine(line: string): string {
  // Most lines are plain ones.
  if (/^[\t -~]*$/.test(line)) return line.replace(/[\t ]+/g, ' ').trim();
  return fold(line).text;
}

export interface Lookalike {
  /** Counts from 1. */
  readonly line: number;
  /** The first lines that differ. */
  readonly want: string;
  readonly have: string;
}

/** Where a piece that a text does not contain occurs with characters that only look the same; null: nowhere. */
export function findLookalike(text: string, piece: string): Lookalike | null {
  if (text.length > MAX_SEARCHED_CHARS) return null;
  const folded = fold(text);
  const wanted = fold(piece).text;
  const at = wanted === '' ? -1 : folded.text.indexOf(wanted);
  if (at === -1) return null;
  let start = folded.origins[at] ?? 0;
  let end = (folded.origins[at + wanted.length - 1] ?? 0) + 1;
  // Characters that fold into their neighbour belong to it; blanks count where the piece has some.
  while (end < text.length && isSilent(text[end]) && text[end] !== '\n') end += 1;
  if (BLANK.test(piece[0] ?? '')) while (start > 0 && BLANK.test(text[start - 1] ?? '')) start -= 1;
  if (BLANK.test(piece.at(-1) ?? '')) while (end < text.length && BLANK.test(text[end] ?? '')) end += 1;
  const have = text.slice(start, end).split('\n');
  const want = piece.split('\n');
  const offset = want.findIndex((line, index) => line !== have[index]);
  const line = text.slice(0, start).split('\n').length + Math.max(offset, 0);
  return { line, want: want[offset] ?? '', have: have[offset] ?? '' };
}

/** The characters in which two lines differ, by name, e.g. `expected U+00E9, found U+0065 U+0301 (column 4)`. */
export function describeDifference(want: string, have: string): string {
  const wanted = [...want];
  const found = [...have];
  let head = 0;
  while (head < wanted.length && wanted[head] === found[head]) head += 1;
  let tail = 0;
  const shorter = Math.min(wanted.length, found.length) - head;
  while (tail < shorter && wanted.at(-1 - tail) === found.at(-1 - tail)) tail += 1;
  const middle = (characters: readonly string[]) => named(characters.slice(head, characters.length - tail));
  return `expected ${middle(wanted)}, found ${middle(found)} (column ${head + 1})`;
}

/** White space in words. */
function named(characters: readonly string[]): string {
  const [first] = characters;
  if (first === undefined) return 'nothing';
  const isRun = characters.every((character) => character === first);
  const count = characters.length;
  if (isRun && first === ' ') return count === 1 ? 'a space' : `${count} spaces`;
  if (isRun && first === '\t') return count === 1 ? 'a tab' : `${count} tabs`;
  const names = characters.slice(0, MAX_NAMED).map(codePoint);
  return count > MAX_NAMED ? `${names.join(' ')} and ${count - MAX_NAMED} more` : names.join(' ');
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function isSilent(character = ''): boolean {
  return foldedCharacter(character) === '' || /\p{M}/u.test(character);
}

function foldedCharacter(character: string): string {
  if (character >= '!' && character <= '~') return character;
  if (BLANK.test(character)) return ' ';
  return plain(character.replace(UNSEEN, '')).normalize('NFKD');
}

function fold(text: string): Folded {
  const parts: string[] = [];
  const origins: number[] = [];
  let blankAt = -1;
  let isLineStart = true;
  let at = 0;
  for (const character of text) {
    const folded = character === '\n' ? '\n' : foldedCharacter(character);
    if (folded === ' ') {
      if (blankAt === -1) blankAt = at;
    } else if (folded !== '') {
      if (blankAt !== -1 && !isLineStart && folded !== '\n') {
        parts.push(' ');
        origins.push(blankAt);
      }
      blankAt = -1;
      isLineStart = folded === '\n';
      parts.push(folded);
      for (let index = 0; index < folded.length; index += 1) origins.push(at);
    }
    at += character.length;
  }
  return { text: parts.join(''), origins };
}
