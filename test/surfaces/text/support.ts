import { luminance, type Rgb } from '../../../src/surfaces/text/colour.ts';
import { isContinued, type Row, rowText } from '../../../src/surfaces/text/row.ts';

/** Lines of rows as a terminal copies them: continuations are joined to the row they continue. */
export function copiedText(rows: readonly Row[]): string {
  return rows.map((row, index) => (index > 0 && !isContinued(row) ? '\n' : '') + rowText(row)).join('');
}

/** Contrast of two colours, 1 to 21 (WCAG 2.2). */
export function contrast(a: Rgb, b: Rgb): number {
  const [low = 0, high = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
