import { expect, test } from 'vitest';
import { CONTINUED, isContinued, row, rowText, span } from '../../../src/surfaces/text/row.ts';
import { copiedText } from './support.ts';

test('a row is its spans’ texts', () => {
  expect(rowText([span('a', { bold: true }), span('b')])).toBe('ab');
  expect(row('')).toEqual([]);
});

test('rows that the terminal wraps copy as one line', () => {
  expect(copiedText([row('const a'), [CONTINUED, span(' = 1;')], row('next')])).toBe('const a = 1;\nnext');
});

test('rows that don’t continue are lines of their own, empty ones too', () => {
  expect(copiedText([])).toBe('');
  expect(copiedText([row('a'), [], row('b')])).toBe('a\n\nb');
  expect(copiedText([[CONTINUED, span('a')], row('b')])).toBe('a\nb');
});

test('only the mark itself makes a row a continuation, not an empty span that looks like it', () => {
  expect(isContinued([CONTINUED])).toBe(true);
  expect(isContinued([span(''), span('a')])).toBe(false);
  expect(isContinued([span('a'), CONTINUED])).toBe(false);
  expect(isContinued([])).toBe(false);
});
