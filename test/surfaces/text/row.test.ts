import { expect, test } from 'vitest';
import { CONTINUED, copiedText, row, rowText, span } from '../../../src/surfaces/text/row.ts';

test('a row is its spans’ texts', () => {
  expect(rowText([span('a', { bold: true }), span('b')])).toBe('ab');
  expect(row('')).toEqual([]);
});

test('rows that the terminal wraps copy as one line', () => {
  expect(copiedText([row('const a'), [CONTINUED, span(' = 1;')], row('next')])).toBe('const a = 1;\nnext');
});
