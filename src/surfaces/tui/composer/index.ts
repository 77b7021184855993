export { type Atom, atomsOf, imagesIn, isBlank, sentText, trimmed, visibleText } from './atoms.ts';
export {
  type Composer,
  cleared,
  EMPTY_COMPOSER,
  edited,
  recalledAt,
  remembered,
  withDraft,
  withEarlier,
} from './composer.ts';
export { type Draft, draftOf, EMPTY_DRAFT, inserted } from './draft.ts';
export { typed, withEdit } from './edits.ts';
export { editOf } from './keys.ts';
export { COMPOSER_MARGIN, cellText, layoutOf } from './layout.ts';
export { imagePathIn, pasted, withImage } from './paste.ts';
export { completedToken, type Token, tokenAt } from './token.ts';
