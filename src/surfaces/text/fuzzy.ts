export interface FuzzyMatch {
  /** Better matches have more. */
  readonly score: number;
  /** Where in the text the letters of the query are, as indexes of UTF-16 units. */
  readonly positions: readonly number[];
}

/** Texts of which more than this would have to be looked at are searched from their start. */
const MAX_TEXT = 1_000;

/** Places of the first letter that are tried. */
const MAX_TRIES = 6;

const ADJACENT = 10;
const WORD_START = 10;
const NAME_START = 14;
const SAME_CASE = 1;
const SKIPPED = 0.3;

/**
 * Finds the letters of a query in a text in their order, in whatever case (all of it, if the query has a capital letter in it,
 * counts a little more in the same). Letters beside each other, at the start of words and of the file's name count most;
 * among equals the shorter text is better. Null: they are not all there.
 */
export function fuzzyMatch(query: string, text: string): FuzzyMatch | null {
  if (query === '') return { score: 0, positions: [] };
  const wanted = lowered(query);
  const own = lowered(text);
  if (!isSubsequence(wanted, own)) return null;
  const name = text.lastIndexOf('/', text.length - 2) + 1;
  // The name of the file alone, if it has them all, else the whole path from its end.
  const inName = name > 0 && isSubsequence(wanted, own, 0, name) ? best(wanted, own, text, name) : null;
  const found = inName ?? best(wanted, own, text, 0);
  if (found === null) return null;
  const cased = found.reduce((sum, at, index) => sum + (text[at] === query[index] ? SAME_CASE : 0), 0);
  return { score: scoreOf(found, text, name) + cased, positions: found };
}

/** A text in lower case, of the same length: letters of which the small one is longer (`İ`) stay. */
function lowered(text: string): string {
  const whole = text.toLowerCase();
  if (whole.length === text.length) return whole;
  return text.replaceAll(/./gsu, (one) => (one.toLowerCase().length === one.length ? one.toLowerCase() : one));
}

function isSubsequence(wanted: string, own: string, first = 0, from = 0): boolean {
  let at = from;
  for (let index = first; index < wanted.length; index += 1) {
    const found = own.indexOf(wanted.charAt(index), at);
    if (found === -1) return false;
    at = found + 1;
  }
  return true;
}

/** Of the matches that start at each of the first letter's places, the one with the best score. */
function best(wanted: string, own: string, text: string, from: number): number[] | null {
  let found: number[] | null = null;
  let score = Number.NEGATIVE_INFINITY;
  const name = text.lastIndexOf('/', text.length - 2) + 1;
  let tries = 0;
  for (
    let at = own.indexOf(wanted.charAt(0), from);
    at !== -1 && tries < MAX_TRIES;
    at = own.indexOf(wanted.charAt(0), at + 1)
  ) {
    tries += 1;
    const positions = from > MAX_TEXT ? null : matchFrom(wanted, own, text, at);
    if (positions === null) break;
    const value = scoreOf(positions, text, name);
    if (value > score) {
      score = value;
      found = positions;
    }
  }
  return found ?? matchFrom(wanted, own, text, own.indexOf(wanted.charAt(0), from));
}

/** Takes each letter where a word starts with it, if the rest is found after that too, else where it comes next. */
function matchFrom(wanted: string, own: string, text: string, first: number): number[] | null {
  const positions = [first];
  for (let index = 1; index < wanted.length; index += 1) {
    const letter = wanted.charAt(index);
    const last = positions.at(-1) ?? first;
    const next = own.indexOf(letter, last + 1);
    if (next === -1) return null;
    let at = next;
    for (let jump = next; next !== last + 1 && jump !== -1; jump = own.indexOf(letter, jump + 1)) {
      if (!isWordStart(text, jump)) continue;
      if (isSubsequence(wanted, own, index + 1, jump + 1)) at = jump;
      break;
    }
    positions.push(at);
  }
  return positions;
}

function scoreOf(positions: readonly number[], text: string, name: number): number {
  let score = -text.length * 0.05;
  for (const [index, at] of positions.entries()) {
    const before = positions[index - 1];
    if (before !== undefined && at === before + 1) score += ADJACENT;
    else if (before !== undefined) score -= Math.min(20, at - before) * SKIPPED;
    if (at === name) score += NAME_START;
    else if (isWordStart(text, at)) score += WORD_START;
    if (at >= name) score += 1;
  }
  return score;
}

function isWordStart(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text.charCodeAt(at - 1);
  if (!isLetter(before)) return true;
  return isUpper(text.charCodeAt(at)) && !isUpper(before);
}

/** Letters and digits; beyond ASCII everything is taken for one. */
function isLetter(code: number): boolean {
  return code > 127 || (code >= 97 && code <= 122) || isUpper(code) || (code >= 48 && code <= 57);
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}
