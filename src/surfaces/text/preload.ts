import { highlightLines } from './highlight.ts';
import { lexBlocks } from './markdown/lex.ts';
import { textWidth } from './width.ts';

/**
 * What texts need sooner or later, each some twenty milliseconds: done one after the other while nobody waits, the first answer
 * doesn't stop for them.
 */
export const TEXT_PRELOADS: readonly (() => void)[] = [
  () => lexBlocks('*a*'),
  () => textWidth('漢'),
  () => highlightLines('typescript', ['a']),
];
