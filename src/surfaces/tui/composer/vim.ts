import type { Atom } from './atoms.ts';
import { type Composer, edited, killed, moved, redone, undone, withKill } from './composer.ts';
import { charKind, type Draft, inserted, lineEnd, lineStart, movedTo, removed, replaced, wordBefore } from './draft.ts';
import { withEdit } from './edits.ts';

/** Where the keys of vim are: text is typed, or keys are commands. `pending`: the start of a command. */
export interface Vim {
  readonly mode: 'insert' | 'normal';
  readonly pending: string;
}

export const VIM_INSERT: Vim = { mode: 'insert', pending: '' };
const VIM_NORMAL: Vim = { mode: 'normal', pending: '' };
/** A larger count is no command that anybody means. */
const MAX_COUNT = 999;

export interface VimStep {
  readonly composer: Composer;
  readonly vim: Vim;
}

/** Esc while text is typed: back to commands, on the last character that was typed. */
export function leftInsert(composer: Composer): VimStep {
  const { draft } = composer;
  const cursor = Math.max(lineStart(draft), draft.cursor - 1);
  return { composer: moved(composer, movedTo(draft, cursor)), vim: VIM_NORMAL };
}

/** A character in normal mode. `width`: of the text in cells. What is no command is dropped. */
export function vimKey(composer: Composer, { pending }: Vim, key: string, width: number): VimStep {
  const written = pending + key;
  const match = /^([1-9]\d*)?(?:([dcy])([1-9]\d*)?)?(.*)$/su.exec(written);
  const [, first = '1', operator, second = '1', rest = ''] = match ?? [];
  if (rest === '' || /^[gftr]$/.test(rest)) return { composer, vim: { mode: 'normal', pending: written } };
  const count = Math.min(MAX_COUNT, Number(first) * Number(second));
  if (operator !== undefined) return operated(composer, operator, rest, count);
  return commanded(composer, rest, count, width) ?? { composer: motion(composer, rest, count, width), vim: VIM_NORMAL };
}

/** An operator with what it works on; `dd` and its like work on lines. */
function operated(composer: Composer, operator: string, rest: string, count: number): VimStep {
  const { draft } = composer;
  const found = rest === operator ? linesFrom(draft, count) : rangeOf(draft, rest, count);
  if (found === null) return { composer, vim: VIM_NORMAL };
  const range = operator === 'c' && /^[wW]$/.test(rest) ? changedWords(draft, found) : found;
  const [from, to] = range;
  if (operator === 'y')
    return {
      composer: withKill(moved(composer, movedTo(draft, from)), linewise(draft, range, rest === operator)),
      vim: VIM_NORMAL,
    };
  // Of a changed line the empty one stays.
  const keepsLine = operator === 'c' && rest === operator;
  const end = keepsLine && draft.atoms[to - 1] === '\n' ? to - 1 : to;
  const cut = killed(composer, from, end);
  return { composer: cut, vim: operator === 'c' ? VIM_INSERT : VIM_NORMAL };
}

function commanded(composer: Composer, key: string, count: number, width: number): VimStep | null {
  const { draft } = composer;
  const { cursor } = draft;
  const insertAt = (at: number): VimStep => ({ composer: moved(composer, movedTo(draft, at)), vim: VIM_INSERT });
  const normal = (next: Composer): VimStep => ({ composer: next, vim: VIM_NORMAL });
  switch (key) {
    case 'i':
      return insertAt(cursor);
    case 'a':
      return insertAt(Math.min(lineEnd(draft), cursor + 1));
    case 'I':
      return insertAt(firstWord(draft));
    case 'A':
      return insertAt(lineEnd(draft));
    case 'o':
      return { composer: withEdit(moved(composer, movedTo(draft, lineEnd(draft))), 'newline', width), vim: VIM_INSERT };
    case 'O': {
      const above = inserted(movedTo(draft, lineStart(draft)), '\n');
      return { composer: edited(composer, movedTo(above, lineStart(draft)), 'other'), vim: VIM_INSERT };
    }
    case 'x':
      return normal(killed(composer, cursor, Math.min(lineEnd(draft), cursor + count)));
    case 'X':
      return normal(killed(composer, Math.max(lineStart(draft), cursor - count), cursor));
    case 's':
      return { composer: killed(composer, cursor, Math.min(lineEnd(draft), cursor + count)), vim: VIM_INSERT };
    case 'S':
      return operated(composer, 'c', 'c', count);
    case 'D':
      return operated(composer, 'd', '$', 1);
    case 'C':
      return operated(composer, 'c', '$', 1);
    case 'Y':
      return operated(composer, 'y', 'y', count);
    case 'p':
    case 'P':
      return normal(put(composer, key === 'p'));
    case 'u':
      return normal(undone(composer));
    case 'ctrl+r':
      return normal(redone(composer));
    default:
      return key.startsWith('r') ? normal(withCharacter(composer, key.slice(1))) : null;
  }
}

/** Moves; a key that is no motion moves nothing. */
function motion(composer: Composer, key: string, count: number, width: number): Composer {
  if (key === 'j' || key === 'k') {
    let next = composer;
    for (let at = 0; at < count; at += 1) next = withEdit(next, key === 'j' ? 'down' : 'up', width);
    return next;
  }
  const to = target(composer.draft, key, count);
  return to === null ? composer : moved(composer, movedTo(composer.draft, to));
}

/** Where a motion leads; null: it is none, or it leads nowhere. */
function target(draft: Draft, key: string, count: number): number | null {
  const { cursor, atoms } = draft;
  const times = (one: (draft: Draft) => number) => {
    let at = cursor;
    for (let round = 0; round < count; round += 1) at = one(movedTo(draft, at));
    return at;
  };
  switch (key) {
    case 'h':
      return Math.max(lineStart(draft), cursor - count);
    case 'l':
    case ' ':
      return Math.min(lineEnd(draft), cursor + count);
    case 'w':
    case 'W':
      return times(nextWord);
    case 'b':
    case 'B':
      return times(wordBefore);
    case 'e':
    case 'E':
      return times(wordEnd);
    case '0':
      return lineStart(draft);
    case '^':
      return firstWord(draft);
    case '$':
      return lineEnd(draft);
    case 'gg':
      return 0;
    case 'G':
      return atoms.length;
    default: {
      const [, how, wanted] = /^([ft])(.+)$/su.exec(key) ?? [];
      return wanted === undefined ? null : onLine(draft, wanted, count, how === 't' ? 1 : 0);
    }
  }
}

/** What an operator with a motion works on. `e`, `f` and `t` include the character that they lead to. */
function rangeOf(draft: Draft, key: string, count: number): readonly [number, number] | null {
  const to = target(draft, key, count);
  if (to === null) return null;
  const isInclusive = /^[eEft]/.test(key);
  const [from, end] = to < draft.cursor ? [to, draft.cursor] : [draft.cursor, isInclusive ? to + 1 : to];
  const last = /^[wW]$/.test(key) ? wordsEnd(draft, end) : Math.min(end, draft.atoms.length);
  return from === last ? null : [from, last];
}

/** Where an operator over words ends: with the last word of a line, not with the line's end. */
function wordsEnd({ atoms, cursor }: Draft, to: number): number {
  let at = to;
  while (at > cursor && charKind(atoms[at - 1]) === 'blank') at -= 1;
  const end = atoms.indexOf('\n', at);
  return end === -1 || end >= to || end === cursor ? to : end;
}

/** The blanks behind a changed word stay, as `cw` is used: another word takes its place. */
function changedWords({ atoms, cursor }: Draft, [from, to]: readonly [number, number]): readonly [number, number] {
  let end = to;
  while (end > cursor && charKind(atoms[end - 1]) === 'blank') end -= 1;
  return end === cursor ? [from, to] : [from, end];
}

function linesFrom(draft: Draft, count: number): readonly [number, number] {
  const from = lineStart(draft);
  let end = from;
  for (let at = 0; at < count; at += 1) end = Math.min(draft.atoms.length, lineEnd(movedTo(draft, end)) + 1);
  return [from, end];
}

/** Text of whole lines ends with a line end, by which a put knows it. */
function linewise({ atoms }: Draft, [from, to]: readonly [number, number], isLines: boolean): readonly Atom[] {
  const cut = atoms.slice(from, to);
  return isLines && cut.at(-1) !== '\n' ? [...cut, '\n'] : cut;
}

function put(composer: Composer, isAfter: boolean): Composer {
  const text = composer.kills.at(-1);
  const { draft } = composer;
  if (text === undefined) return composer;
  if (text.at(-1) !== '\n') {
    const at = isAfter ? Math.min(lineEnd(draft), draft.cursor + 1) : draft.cursor;
    return edited(composer, replaced(draft, at, at, text), 'yank');
  }
  const isLast = isAfter && lineEnd(draft) === draft.atoms.length;
  const at = isLast ? draft.atoms.length : isAfter ? lineEnd(draft) + 1 : lineStart(draft);
  const lines = isLast ? ['\n', ...text.slice(0, -1)] : text;
  return edited(composer, movedTo(replaced(draft, at, at, lines), isLast ? at + 1 : at), 'yank');
}

function withCharacter(composer: Composer, character: string): Composer {
  const { draft } = composer;
  const { cursor } = draft;
  if (cursor >= lineEnd(draft)) return composer;
  return edited(composer, movedTo(inserted(removed(draft, cursor, cursor + 1), character), cursor), 'other');
}

function firstWord(draft: Draft): number {
  let at = lineStart(draft);
  while (at < lineEnd(draft) && charKind(draft.atoms[at]) === 'blank') at += 1;
  return at;
}

function nextWord({ atoms, cursor }: Draft): number {
  let at = cursor;
  const kind = charKind(atoms[at]);
  if (kind === 'element') at += 1;
  else while (at < atoms.length && kind !== 'blank' && charKind(atoms[at]) === kind) at += 1;
  while (at < atoms.length && charKind(atoms[at]) === 'blank') at += 1;
  return at;
}

function wordEnd({ atoms, cursor }: Draft): number {
  let at = cursor + 1;
  while (at < atoms.length && charKind(atoms[at]) === 'blank') at += 1;
  const kind = charKind(atoms[at]);
  while (at + 1 < atoms.length && kind !== 'element' && charKind(atoms[at + 1]) === kind) at += 1;
  return Math.min(at, atoms.length);
}

/** A character further on in the line, the one with this number. */
function onLine(draft: Draft, wanted: string, count: number, before: number): number | null {
  const end = lineEnd(draft);
  let at = draft.cursor;
  for (let round = 0; round < count; round += 1) {
    at = draft.atoms.indexOf(wanted, at + 1);
    if (at === -1 || at >= end) return null;
  }
  return at - before;
}
