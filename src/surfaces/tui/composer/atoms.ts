import { graphemes } from '../../text/index.ts';

/** A long paste, shown as a label and sent as its text. */
export interface PasteAtom {
  readonly type: 'paste';
  readonly label: string;
  readonly text: string;
}

/** An attached image. `path` is absolute. */
export interface ImageAtom {
  readonly type: 'image';
  readonly label: string;
  readonly path: string;
}

/** What the cursor can't enter: a grapheme, or an element that is removed as a whole. */
export type Atom = string | PasteAtom | ImageAtom;

/** The text that a person sees for an atom. */
export function shownText(atom: Atom): string {
  return typeof atom === 'string' ? atom : atom.label;
}

/** The text that is sent; images are sent as images. */
export function sentText(atoms: readonly Atom[]): string {
  return atoms
    .map((atom) => (typeof atom === 'string' ? atom : atom.type === 'paste' ? atom.text : atom.label))
    .join('');
}

/** The text as it looks in the composer, with labels for elements. */
export function visibleText(atoms: readonly Atom[]): string {
  return atoms.map(shownText).join('');
}

export function atomsOf(text: string): Atom[] {
  return graphemes(text);
}

export function imagesIn(atoms: readonly Atom[]): ImageAtom[] {
  return atoms.filter((atom) => typeof atom !== 'string' && atom.type === 'image');
}

export function isBlank(atoms: readonly Atom[]): boolean {
  return atoms.every((atom) => typeof atom === 'string' && atom.trim() === '');
}

/** White space at both ends goes, elements stay. */
export function trimmed(atoms: readonly Atom[]): readonly Atom[] {
  const isText = (atom: Atom) => typeof atom !== 'string' || atom.trim() !== '';
  const first = atoms.findIndex(isText);
  return first === -1 ? [] : atoms.slice(first, atoms.findLastIndex(isText) + 1);
}
