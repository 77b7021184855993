import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Atom, atomsOf } from './atoms.ts';
import { type Composer, edited } from './composer.ts';
import { inserted, insertedAtom, replaced } from './draft.ts';

/** A paste that is longer is shown as a label. */
const MAX_SHOWN_PASTE_CHARS = 1_000;
const IMAGE = /\.(?:png|jpe?g|gif|webp)$/i;

/** Inserts a paste: long ones as an element. */
export function pasted(composer: Composer, raw: string): Composer {
  const text = plainText(raw);
  const characters = [...text].length;
  if (characters <= MAX_SHOWN_PASTE_CHARS) return edited(composer, inserted(composer.draft, text), 'other');
  const label = `[Pasted Content ${characters} chars]`;
  return edited(composer, insertedAtom(composer.draft, { type: 'paste', label, text }), 'other');
}

/** Attaches an image at the cursor, with a blank behind it. */
export function withImage(composer: Composer, path: string): Composer {
  const images = composer.images + 1;
  const draft = insertedAtom(composer.draft, { type: 'image', label: `[Image #${images}]`, path });
  return { ...edited(composer, inserted(draft, ' '), 'other'), images };
}

/** Puts an image in place of its path, where that was pasted last; undo brings the path back. Typed meanwhile stays. */
export function withPastedImage(composer: Composer, path: string, raw: string): Composer {
  const { atoms, cursor } = composer.draft;
  const pastedAtoms = atomsOf(plainText(raw));
  const count = pastedAtoms.length;
  const isAt = (_: Atom, at: number) => pastedAtoms.every((atom, index) => atoms[at + index] === atom);
  const from = atoms.findLastIndex(isAt);
  if (count === 0 || from === -1) return composer;
  const images = composer.images + 1;
  const image = [{ type: 'image', label: `[Image #${images}]`, path } as const, ' '];
  const next = replaced(composer.draft, from, from + count, image);
  const moved = cursor < from ? cursor : Math.max(next.cursor, cursor - count + image.length);
  return { ...edited(composer, { ...next, cursor: moved }, 'other'), images };
}

function plainText(raw: string): string {
  return raw.replaceAll(/\r\n?/g, '\n');
}

/** The absolute path of an image file, if a paste is nothing but one: a `file:` URL or one shell word; null otherwise. */
export function imagePathIn(text: string, cwd: string): string | null {
  const word = text.trim();
  if (word === '' || word.length > 4_096 || word.includes('\n') || !IMAGE.test(word.replace(/['"]$/, ''))) return null;
  if (word.startsWith('file://')) {
    try {
      return fileURLToPath(word);
    } catch {
      // Not a URL of a local file.
      return null;
    }
  }
  const path = unquoted(word);
  return path === null ? null : isAbsolute(path) ? path : resolve(cwd, path);
}

/** One word as a shell reads it; null if it is several. */
function unquoted(word: string): string | null {
  const quoted = /^'([^']*)'$|^"([^"$`\\]*)"$/.exec(word);
  if (quoted) return quoted[1] ?? quoted[2] ?? null;
  if (/(?<!\\)[\s'"$`;&|<>]/.test(word)) return null;
  return word.replaceAll(/\\(.)/g, '$1');
}
