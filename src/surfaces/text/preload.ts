import { graphemes } from './graphemes.ts';
import { highlightLines } from './highlight.ts';
import { lexBlocks } from './markdown/lex.ts';
import { textWidth } from './width.ts';

/** Loads what texts need sooner or later, while nobody waits: call it when the first screen is painted and nothing is typed. */
export function preloadText(): void {
  textWidth('漢');
  graphemes('漢');
  lexBlocks('a');
  highlightLines('typescript', ['a']);
}
