import { type Atom, atomsOf } from './atoms.ts';

/** A text with a cursor, which is before the atom with its number. */
export interface Draft {
  readonly atoms: readonly Atom[];
  readonly cursor: number;
}

export const EMPTY_DRAFT: Draft = { atoms: [], cursor: 0 };

export function draftOf(text: string): Draft {
  const atoms = atomsOf(text);
  return { atoms, cursor: atoms.length };
}

/** Puts atoms in place of those from `from` to `to`, and the cursor behind them. */
export function replaced(draft: Draft, from: number, to: number, atoms: readonly Atom[]): Draft {
  return {
    atoms: [...draft.atoms.slice(0, from), ...atoms, ...draft.atoms.slice(to)],
    cursor: from + atoms.length,
  };
}

/** Inserts text at the cursor. Combining characters join the grapheme before them. */
export function inserted(draft: Draft, text: string): Draft {
  const before = draft.atoms[draft.cursor - 1];
  const joins = typeof before === 'string' && before !== '\n';
  return replaced(draft, draft.cursor - (joins ? 1 : 0), draft.cursor, atomsOf((joins ? before : '') + text));
}

export function insertedAtom(draft: Draft, atom: Atom): Draft {
  return replaced(draft, draft.cursor, draft.cursor, [atom]);
}

export function removed(draft: Draft, from: number, to: number): Draft {
  return replaced(draft, Math.max(0, from), Math.min(draft.atoms.length, to), []);
}

export function movedTo(draft: Draft, cursor: number): Draft {
  return { ...draft, cursor: Math.max(0, Math.min(draft.atoms.length, cursor)) };
}

export function lineStart({ atoms, cursor }: Draft): number {
  return cursor === 0 ? 0 : atoms.lastIndexOf('\n', cursor - 1) + 1;
}

export function lineEnd({ atoms, cursor }: Draft): number {
  const end = atoms.indexOf('\n', cursor);
  return end === -1 ? atoms.length : end;
}

/** The end of the word before the cursor is its start: blanks are skipped, then one word or one run of signs. */
export function wordBefore({ atoms, cursor }: Draft): number {
  let at = cursor;
  while (at > 0 && charKind(atoms[at - 1]) === 'blank') at -= 1;
  const kind = charKind(atoms[at - 1]);
  if (kind === 'element') return at - 1;
  while (at > 0 && charKind(atoms[at - 1]) === kind) at -= 1;
  return at;
}

export function wordAfter({ atoms, cursor }: Draft): number {
  let at = cursor;
  while (at < atoms.length && charKind(atoms[at]) === 'blank') at += 1;
  const kind = charKind(atoms[at]);
  if (kind === 'element') return at + 1;
  while (at < atoms.length && charKind(atoms[at]) === kind) at += 1;
  return at;
}

/** What an atom is to the movements by words. */
export function charKind(atom: Atom | undefined): 'blank' | 'word' | 'sign' | 'element' | 'none' {
  if (atom === undefined) return 'none';
  if (typeof atom !== 'string') return 'element';
  if (/^\s/.test(atom)) return 'blank';
  return /^[\p{L}\p{N}_]/u.test(atom) ? 'word' : 'sign';
}
