import { assertNever } from '../../../foundation/util/index.ts';
import {
  type Composer,
  edited,
  isBrowsing,
  killed,
  moved,
  recalledEarlier,
  recalledLater,
  redone,
  undone,
  yanked,
  yankedEarlier,
} from './composer.ts';
import { type Draft, inserted, lineEnd, lineStart, movedTo, removed, wordAfter, wordBefore } from './draft.ts';
import { verticalMove } from './layout.ts';

/** What a key can do to the text. */
export type Edit =
  | 'newline'
  | 'left'
  | 'right'
  | 'wordLeft'
  | 'wordRight'
  | 'up'
  | 'down'
  | 'lineStart'
  | 'lineEnd'
  | 'textStart'
  | 'textEnd'
  | 'deleteBack'
  | 'deleteForward'
  | 'deleteWordBack'
  | 'deleteWordForward'
  | 'killToStart'
  | 'killToEnd'
  | 'yank'
  | 'yankEarlier'
  | 'undo'
  | 'redo';

/** `width`: of the text in cells, which says where visual rows are. */
export function withEdit(composer: Composer, edit: Edit, width: number): Composer {
  const { draft } = composer;
  const { cursor } = draft;
  const goTo = (at: number) => moved(composer, movedTo(draft, at));
  switch (edit) {
    case 'newline':
      return edited(composer, inserted(draft, '\n'), 'other');
    case 'left':
      return goTo(cursor - 1);
    case 'right':
      return goTo(cursor + 1);
    case 'wordLeft':
      return goTo(wordBefore(draft));
    case 'wordRight':
      return goTo(wordAfter(draft));
    case 'up':
      return vertically(composer, -1, width);
    case 'down':
      return vertically(composer, 1, width);
    case 'lineStart':
      return goTo(atLineStart(draft));
    case 'lineEnd':
      return goTo(atLineEnd(draft));
    case 'textStart':
      return goTo(0);
    case 'textEnd':
      return goTo(draft.atoms.length);
    case 'deleteBack':
      return cursor === 0 ? composer : edited(composer, removed(draft, cursor - 1, cursor), 'delete');
    case 'deleteForward':
      return cursor === draft.atoms.length ? composer : edited(composer, removed(draft, cursor, cursor + 1), 'delete');
    case 'deleteWordBack':
      return killed(composer, wordBefore(draft), cursor);
    case 'deleteWordForward':
      return killed(composer, cursor, wordAfter(draft));
    case 'killToStart':
      return killed(composer, lineStart(draft) === cursor ? Math.max(0, cursor - 1) : lineStart(draft), cursor);
    case 'killToEnd':
      return killed(composer, cursor, lineEnd(draft) === cursor ? cursor + 1 : lineEnd(draft));
    case 'yank':
      return yanked(composer);
    case 'yankEarlier':
      return yankedEarlier(composer);
    case 'undo':
      return undone(composer);
    case 'redo':
      return redone(composer);
    default:
      return assertNever(edit, 'edit');
  }
}

/** Text that was typed. */
export function typed(composer: Composer, text: string): Composer {
  return edited(composer, inserted(composer.draft, text), 'type');
}

/** A row up or down; at the first and last row the text's start and end, and then the history. */
function vertically(composer: Composer, by: -1 | 1, width: number): Composer {
  if (isBrowsing(composer)) return by === -1 ? recalledEarlier(composer) : recalledLater(composer);
  const move = verticalMove(composer.draft, { width, by, column: composer.column });
  if (move !== null) return moved(composer, move.draft, move.column);
  return moved(composer, movedTo(composer.draft, by === -1 ? 0 : composer.draft.atoms.length));
}

/** Already at the start of a line: the line before. */
function atLineStart(draft: Draft): number {
  const start = lineStart(draft);
  return start < draft.cursor || start === 0 ? start : lineStart(movedTo(draft, start - 1));
}

function atLineEnd(draft: Draft): number {
  const end = lineEnd(draft);
  return end > draft.cursor || end === draft.atoms.length ? end : lineEnd(movedTo(draft, end + 1));
}
