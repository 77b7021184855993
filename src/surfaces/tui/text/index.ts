export { graphemes } from './graphemes.ts';
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
export { rowWidth, textWidth } from './width.ts';
