import { type Atom, atomsOf, visibleText } from './atoms.ts';
import { type Draft, replaced } from './draft.ts';

/** A word under the cursor that can be completed. */
export interface Token {
  readonly kind: 'command' | 'file' | 'skill';
  /** Without its sign. */
  readonly text: string;
  /** The atoms of the token, the sign included. */
  readonly from: number;
  readonly to: number;
}

/** The token that the cursor is in or right behind; null if it is in none. */
export function tokenAt(draft: Draft): Token | null {
  const { atoms, cursor } = draft;
  let from = cursor;
  while (from > 0 && isWord(atoms[from - 1])) from -= 1;
  let to = cursor;
  while (to < atoms.length && isWord(atoms[to])) to += 1;
  const sign = atoms[from];
  const text = visibleText(atoms.slice(from + 1, to));
  if (cursor === from && cursor !== 0 && sign !== undefined) return null;
  if (sign === '@') return { kind: 'file', text, from, to };
  if (sign === '$' && /^[\w:-]*$/.test(text)) return { kind: 'skill', text, from, to };
  if (sign === '/' && from === 0 && !text.includes('/')) return { kind: 'command', text, from, to };
  return null;
}

/** The draft with other text in place of a token, and the cursor behind it. */
export function completedToken(draft: Draft, token: Token, text: string): Draft {
  return replaced(draft, token.from, token.to, atomsOf(text));
}

function isWord(atom: Atom | undefined): boolean {
  return typeof atom === 'string' && !/^\s/.test(atom);
}
