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
  | 'word_left'
  | 'word_right'
  | 'up'
  | 'down'
  | 'line_start'
  | 'line_end'
  | 'text_start'
  | 'text_end'
  | 'delete_back'
  | 'delete_forward'
  | 'delete_word_back'
  | 'delete_word_forward'
  | 'kill_to_start'
  | 'kill_to_end'
  | 'yank'
  | 'yank_earlier'
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
    case 'word_left':
      return goTo(wordBefore(draft));
    case 'word_right':
      return goTo(wordAfter(draft));
    case 'up':
      return vertically(composer, -1, width);
    case 'down':
      return vertically(composer, 1, width);
    case 'line_start':
      return goTo(atLineStart(draft));
    case 'line_end':
      return goTo(atLineEnd(draft));
    case 'text_start':
      return goTo(0);
    case 'text_end':
      return goTo(draft.atoms.length);
    case 'delete_back':
      return cursor === 0 ? composer : edited(composer, removed(draft, cursor - 1, cursor), 'delete');
    case 'delete_forward':
      return cursor === draft.atoms.length ? composer : edited(composer, removed(draft, cursor, cursor + 1), 'delete');
    case 'delete_word_back':
      return killed(composer, wordBefore(draft), cursor);
    case 'delete_word_forward':
      return killed(composer, cursor, wordAfter(draft));
    case 'kill_to_start':
      return killed(composer, lineStart(draft) === cursor ? Math.max(0, cursor - 1) : lineStart(draft), cursor);
    case 'kill_to_end':
      return killed(composer, cursor, lineEnd(draft) === cursor ? cursor + 1 : lineEnd(draft));
    case 'yank':
      return yanked(composer);
    case 'yank_earlier':
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
