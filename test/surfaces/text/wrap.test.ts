import fc from 'fast-check';
import { expect, test } from 'vitest';
import { copiedText, isContinued, type Row, row, rowText, span } from '../../../src/surfaces/text/row.ts';
import { rowWidth } from '../../../src/surfaces/text/width.ts';
import { fitRow, padRow, sliceRow, wrapRow, wrapSoft } from '../../../src/surfaces/text/wrap.ts';

const letters = fc.constantFrom(
  'a',
  'b',
  ' ',
  '  ',
  'word',
  '漢',
  '字',
  'é',
  '👍🏽',
  '👨‍👩‍👧',
  'ש',
  'ไ',
  '-',
  '\u0301',
);
const text = fc.array(letters, { maxLength: 40 }).map((parts) => parts.join(''));
const rows = fc
  .array(fc.tuple(text, fc.boolean()), { maxLength: 4 })
  .map((parts): Row => parts.flatMap(([own, bold]) => (own === '' ? [] : [span(own, { bold })])));

test('words wrap at blanks, words that are too long where the row ends', () => {
  const wrapped = wrapRow(row('one two threefourfive six'), { width: 8 });
  expect(wrapped.map(rowText)).toEqual(['one two', 'threefou', 'rfive', 'six']);
  expect(wrapped.map(isContinued)).toEqual([false, false, true, false]);
});

test('prefixes are before the first row and the others', () => {
  const wrapped = wrapRow(row('one two three'), { width: 8, first: row('- '), rest: row('  ') });
  expect(wrapped.map(rowText)).toEqual(['- one', '  two', '  three']);
});

test('text without blanks between its words wraps anywhere', () => {
  expect(wrapRow(row('漢字漢字漢字'), { width: 5 }).map(rowText)).toEqual(['漢字', '漢字', '漢字']);
});

test('no wrapped row is wider than the width, and no letter is lost', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 2, max: 30 }), (own, width) => {
      const wrapped = wrapRow(own, { width });
      for (const one of wrapped) expect(rowWidth(one)).toBeLessThanOrEqual(width);
      const squeezed = (some: string) => some.replaceAll(' ', '');
      expect(squeezed(wrapped.map(rowText).join(''))).toBe(squeezed(rowText(own)));
    }),
  );
});

test('text of one style wraps as a row of several spans does', () => {
  const line = fc.array(fc.constantFrom('a', ' ', '  ', 'word', 'longer-word', 'é'), { maxLength: 40 });
  fc.assert(
    fc.property(line, fc.integer({ min: 1, max: 30 }), (parts, width) => {
      const style = { bold: true };
      const own = parts.join('');
      const split = wrapRow([span(own, style), span('', style)], { width });
      expect(wrapRow([span(own, style)], { width }).map(rowText)).toEqual(split.map(rowText));
    }),
  );
});

test('words of one look are one span of their row', () => {
  const code = { role: 'code' } as const;
  const wrapped = wrapRow([span('run '), span('npm test', code), span(' and then look')], { width: 17 });
  expect(wrapped.map((one) => one.map(({ text: part }) => part))).toEqual([
    ['run ', 'npm test', ' and'],
    ['then look'],
  ]);
});

test('what the terminal wraps copies exactly', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 2, max: 30 }), (own, width) => {
      const wrapped = wrapSoft(own, width);
      for (const one of wrapped) expect(rowWidth(one)).toBeLessThanOrEqual(width);
      expect(copiedText(wrapped)).toBe(rowText(own));
    }),
  );
});

test('a slice has the cells that were asked for, and no half characters', () => {
  expect(rowText(sliceRow(row('a漢b'), 0, 2))).toBe('a');
  expect(rowText(sliceRow(row('a漢b'), 1, 4))).toBe('漢b');
  expect(rowText(fitRow(row('a long row'), 6))).toBe('a lon…');
  expect(rowText(padRow(row('ab'), 4))).toBe('ab  ');
});
