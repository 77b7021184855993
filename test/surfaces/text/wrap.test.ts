import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CONTINUED, isContinued, type Row, row, rowText, span } from '../../../src/surfaces/text/row.ts';
import { rowWidth } from '../../../src/surfaces/text/width.ts';
import { sliceRow, wrapRow, wrapSoft } from '../../../src/surfaces/text/wrap.ts';
import { copiedText } from './support.ts';

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
});

test.each([
  ['', 10, ['']],
  ['one', 10, ['one']],
  ['one two', 7, ['one two']],
  ['one two', 6, ['one', 'two']],
  ['one  two', 6, ['one', 'two']],
  ['  one', 10, ['  one']],
  ['one   ', 10, ['one']],
  ['      ', 3, ['']],
  ['a b c d', 1, ['a', 'b', 'c', 'd']],
  ['abc', 1, ['a', 'b', 'c']],
  ['漢', 1, ['漢']],
  ['a漢b', 2, ['a', '漢', 'b']],
  ['これは、そう。', 6, ['これ', 'は、そ', 'う。']],
  ['word漢字word', 8, ['word漢字', 'word']],
  ['👍🏽👍🏽👍🏽', 4, ['👍🏽👍🏽', '👍🏽']],
  ['e\u0301e\u0301e\u0301', 2, ['e\u0301e\u0301', 'e\u0301']],
  ['a-b-c-d', 3, ['a-b', '-c-', 'd']],
  ['no\u00a0break here', 8, ['no\u00a0break', 'here']],
])('%j in %i cells is %j', (own, width, lines) => {
  expect(wrapRow(row(own), { width }).map(rowText)).toEqual(lines);
});

test('a word in several looks is one word', () => {
  const wrapped = wrapRow([span('un'), span('brok', { bold: true }), span('en word')], { width: 9 });
  expect(wrapped.map(rowText)).toEqual(['unbroken', 'word']);
  expect(wrapped[0]).toEqual([span('un'), span('brok', { bold: true }), span('en')]);
});

test('looks stay with their letters over the break of a long word', () => {
  const [first, second] = wrapRow([span('aaaa'), span('bbbb', { bold: true })], { width: 6 });
  expect([first, second]).toEqual([
    [span('aaaa'), span('bb', { bold: true })],
    [CONTINUED, span('bb', { bold: true })],
  ]);
});

test('a long word starts on a row of its own and the next word follows its end', () => {
  expect(wrapRow(row('go https://example.com/a end'), { width: 12 }).map(rowText)).toEqual([
    'go',
    'https://exam',
    'ple.com/a',
    'end',
  ]);
});

test('with a prefix a long word is broken by rows that carry the prefix, not by the terminal', () => {
  const wrapped = wrapRow(row('abcdefgh'), { width: 6, first: row('> '), rest: row('> ') });
  expect(wrapped.map(rowText)).toEqual(['> abcd', '> efgh']);
  expect(wrapped.some(isContinued)).toBe(false);
});

test('a prefix for the first row alone leaves the rest unindented', () => {
  expect(wrapRow(row('one two three'), { width: 7, first: row('- '), rest: [] }).map(rowText)).toEqual([
    '- one',
    'two',
    'three',
  ]);
});

test('a prefix is there for an empty text too, and one that is wider than the row does not hang it', () => {
  expect(wrapRow([], { width: 5, first: row('- ') }).map(rowText)).toEqual(['- ']);
  expect(wrapRow(row('ab'), { width: 3, first: row('prefix ') }).map(rowText)).toEqual(['prefix a', 'prefix b']);
});

test('rows that continue are full, so that the terminal joins them', () => {
  const cell = fc.constantFrom('a', 'b', 'é', '-', '/');
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 12 }), (parts, width) => {
      const wrapped = wrapSoft(row(parts.join('')), width);
      for (const [index, one] of wrapped.entries()) {
        if (index > 0) expect(isContinued(one)).toBe(true);
        if (index < wrapped.length - 1) expect(rowWidth(one)).toBe(width);
      }
    }),
  );
});

test('wrapping what is wrapped changes nothing', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 2, max: 30 }), (own, width) => {
      const wrapped = wrapSoft(own, width);
      expect(wrapped.flatMap((one) => wrapSoft(one, width))).toEqual(wrapped);
    }),
  );
});

test('a narrower window wraps a continuation as a continuation', () => {
  const narrower = wrapSoft([CONTINUED, span('abcdef')], 4);
  expect(narrower.map(isContinued)).toEqual([true, true]);
  expect(narrower.map(rowText)).toEqual(['abcd', 'ef']);
});

test.each([
  ['abcdef', 0, 3, 'abc'],
  ['abcdef', 2, 4, 'cd'],
  ['abcdef', 4, 99, 'ef'],
  ['abcdef', 6, 9, ''],
  ['abcdef', 3, 3, ''],
  ['漢字', 1, 3, ''],
  ['漢字', 2, 4, '字'],
  ['漢字', 0, 3, '漢'],
  ['a👍🏽b', 1, 3, '👍🏽'],
  ['e\u0301x', 0, 1, 'e\u0301'],
])('of %j the cells %i to %i are %j', (own, from, to, part) => {
  expect(rowText(sliceRow(row(own), from, to))).toBe(part);
});

test('slices side by side have each letter of one cell once', () => {
  const simple = fc
    .array(fc.stringMatching(/^[a-z ]{0,8}$/), { maxLength: 5 })
    .map((parts): Row => parts.flatMap((own) => row(own)));
  fc.assert(
    fc.property(simple, fc.nat(30), (own, at) => {
      expect(rowText(sliceRow(own, 0, at)) + rowText(sliceRow(own, at, 99))).toBe(rowText(own));
    }),
  );
});
