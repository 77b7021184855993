export { ansiLines } from './ansi.ts';
export { cleanLine, markInvisible } from './clean.ts';
export { type CodeText, codeRows, expandTabs } from './code-rows.ts';
export { type ColourDepth, contrast, type Rgb } from './colour.ts';
export type { DiffForm } from './diff-lines.ts';
export { type DiffShape, diffRows } from './diff-rows.ts';
export { encodeFill, encodeRow, type RowStyle } from './encode-row.ts';
export { type FuzzyMatch, fuzzyMatch } from './fuzzy.ts';
export { graphemes, isSimple, withoutLast } from './graphemes.ts';
export { highlightLines } from './highlight.ts';
export { languageOfPath } from './languages.ts';
export { linkedRow } from './links.ts';
export { MarkdownReader, markdownRows, piecesRows, type StreamedText } from './markdown/markdown.ts';
export type { Piece } from './markdown/piece.ts';
export { type Palette, paletteOf } from './palette.ts';
export { TEXT_PRELOADS } from './preload.ts';
export {
  CONTINUED,
  copiedText,
  isContinued,
  PLAIN,
  type Role,
  type Row,
  row,
  rowText,
  type Span,
  type Style,
  span,
} from './row.ts';
export { THEME_NAMES, type Theme, type ThemeName, themeFor } from './theme.ts';
export { rowWidth, textWidth } from './width.ts';
export { fitRow, padRow, sliceRow, type WrapOptions, wrapRow, wrapSoft } from './wrap.ts';
