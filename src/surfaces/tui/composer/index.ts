export { type Atom, atomsOf, imagesIn, isBlank, sentText, trimmed, visibleText } from './atoms.ts';
export {
  type Composer,
  cleared,
  EMPTY_COMPOSER,
  recalledAt,
  remembered,
  withDraft,
  withEarlier,
} from './composer.ts';
export { draftOf, inserted } from './draft.ts';
export { type Edit, typed, withEdit } from './edits.ts';
export { COMPOSER_MARGIN, cellText, layoutOf } from './layout.ts';
export { imagePathIn, pasted, withImage, withPastedImage } from './paste.ts';
export { completedToken, tokenAt } from './token.ts';
export { leftInsert, VIM_INSERT, type Vim, vimKey } from './vim.ts';
