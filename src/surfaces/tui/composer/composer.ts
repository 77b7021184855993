import { type Atom, isBlank, sentText } from './atoms.ts';
import { type Draft, draftOf, EMPTY_DRAFT } from './draft.ts';

/** Steps of undo that are kept. */
const MAX_UNDO = 200;
/** Killed texts that `Ctrl-Y` and then `Alt-Y` bring back. */
const MAX_KILLS = 20;

/** What kind of edit was the last one: equal ones that follow each other are undone together. */
export type EditKind = 'type' | 'delete' | 'kill' | 'yank' | 'other' | 'move';

/** The text that is being written, and what its keys need to know of the past. */
export interface Composer {
  readonly draft: Draft;
  readonly undo: readonly Draft[];
  readonly redo: readonly Draft[];
  /** Newest last. */
  readonly kills: readonly (readonly Atom[])[];
  readonly lastEdit: EditKind;
  /** The column that Up and Down keep; null: where the cursor is. */
  readonly column: number | null;
  /** Drafts that were sent or cleared, oldest first. */
  readonly history: readonly (readonly Atom[])[];
  /** The entry of the history that is shown; null: none. */
  readonly recalled: number | null;
  /** Counts the images of this thread, so that labels differ. */
  readonly images: number;
}

export const EMPTY_COMPOSER: Composer = {
  draft: EMPTY_DRAFT,
  undo: [],
  redo: [],
  kills: [],
  lastEdit: 'move',
  column: null,
  history: [],
  recalled: null,
  images: 0,
};

/** The composer after an edit; one of the kind of the last edit adds no step of undo. */
export function edited(composer: Composer, draft: Draft, kind: EditKind): Composer {
  if (draft.atoms === composer.draft.atoms) return { ...composer, draft, lastEdit: 'move', column: null };
  const isSameStep = composer.lastEdit === kind && (kind === 'type' || kind === 'delete');
  return {
    ...composer,
    draft,
    undo: isSameStep ? composer.undo : [...composer.undo, composer.draft].slice(-MAX_UNDO),
    redo: [],
    lastEdit: kind,
    column: null,
    recalled: null,
  };
}

export function moved(composer: Composer, draft: Draft, column: number | null = null): Composer {
  return { ...composer, draft, lastEdit: 'move', column };
}

export function undone(composer: Composer): Composer {
  const draft = composer.undo.at(-1);
  if (draft === undefined) return composer;
  const redo = [...composer.redo, composer.draft];
  return { ...moved(composer, draft), undo: composer.undo.slice(0, -1), redo };
}

export function redone(composer: Composer): Composer {
  const draft = composer.redo.at(-1);
  if (draft === undefined) return composer;
  const undo = [...composer.undo, composer.draft];
  return { ...moved(composer, draft), redo: composer.redo.slice(0, -1), undo };
}

/** Removes what is between two places and keeps it for a yank; kills that follow each other become one. */
export function killed(composer: Composer, from: number, to: number): Composer {
  const { atoms } = composer.draft;
  const cut = atoms.slice(from, to);
  if (cut.length === 0) return composer;
  const last = composer.lastEdit === 'kill' ? composer.kills.at(-1) : undefined;
  const isForward = from === composer.draft.cursor;
  const joined = last === undefined ? cut : isForward ? [...last, ...cut] : [...cut, ...last];
  const kills = [...(last === undefined ? composer.kills : composer.kills.slice(0, -1)), joined].slice(-MAX_KILLS);
  const draft = { atoms: [...atoms.slice(0, from), ...atoms.slice(to)], cursor: from };
  return { ...edited(composer, draft, 'kill'), kills };
}

/** Keeps a text for a yank without cutting it. */
export function withKill(composer: Composer, atoms: readonly Atom[]): Composer {
  return atoms.length === 0 ? composer : { ...composer, kills: [...composer.kills, atoms].slice(-MAX_KILLS) };
}

export function yanked(composer: Composer): Composer {
  const atoms = composer.kills.at(-1);
  if (atoms === undefined) return composer;
  const { draft } = composer;
  const next = [...draft.atoms.slice(0, draft.cursor), ...atoms, ...draft.atoms.slice(draft.cursor)];
  return edited(composer, { atoms: next, cursor: draft.cursor + atoms.length }, 'yank');
}

/** Puts the kill before the one that was just yanked in its place. */
export function yankedEarlier(composer: Composer): Composer {
  const last = composer.kills.at(-1);
  if (composer.lastEdit !== 'yank' || last === undefined) return composer;
  const kills = [last, ...composer.kills.slice(0, -1)];
  return yanked({ ...undone(composer), kills });
}

/** Another draft in place of this one, which can be brought back by undo. */
export function withDraft(composer: Composer, draft: Draft): Composer {
  return edited(composer, draft, 'other');
}

/** An empty draft; what was written joins the history, so that Up brings it back. */
export function cleared(composer: Composer): Composer {
  const { atoms } = composer.draft;
  const next = edited(composer, EMPTY_DRAFT, 'other');
  return isBlank(atoms) ? next : remembered(next, atoms);
}

/** Adds to the history; a repetition of the newest entry adds nothing. */
export function remembered(composer: Composer, atoms: readonly Atom[]): Composer {
  const newest = composer.history.at(-1);
  if (newest !== undefined && sentText(newest) === sentText(atoms)) return { ...composer, recalled: null };
  return { ...composer, history: [...composer.history, atoms], recalled: null };
}

/** Messages of earlier sessions, oldest first, come before those of this one. */
export function withEarlier(composer: Composer, texts: readonly string[]): Composer {
  const earlier = texts.map((text) => draftOf(text).atoms);
  const recalled = composer.recalled === null ? null : composer.recalled + earlier.length;
  return { ...composer, history: [...earlier, ...composer.history], recalled };
}

/** Whether Up and Down go through the history: never while a text of one's own is being written. */
export function isBrowsing({ draft, recalled, history }: Composer): boolean {
  if (draft.atoms.length === 0) return true;
  const entry = recalled === null ? undefined : history[recalled];
  return entry !== undefined && draft.cursor === 0 && sentText(entry) === sentText(draft.atoms);
}

export function recalledEarlier(composer: Composer): Composer {
  return recalledAt(composer, (composer.recalled ?? composer.history.length) - 1);
}

/** Behind the newest entry is the empty draft. */
export function recalledLater(composer: Composer): Composer {
  if (composer.recalled === null) return composer;
  if (composer.recalled < composer.history.length - 1) return recalledAt(composer, composer.recalled + 1);
  return { ...withDraft(composer, EMPTY_DRAFT), recalled: null };
}

export function recalledAt(composer: Composer, index: number): Composer {
  const atoms = composer.history[index];
  return atoms === undefined ? composer : { ...withDraft(composer, { atoms, cursor: 0 }), recalled: index };
}
