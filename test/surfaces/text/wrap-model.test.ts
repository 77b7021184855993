import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { graphemes, withoutLast } from '../../../src/surfaces/text/graphemes.ts';
import { CONTINUED, isContinued, type Row, row, rowText, span } from '../../../src/surfaces/text/row.ts';
import { rowWidth, textWidth } from '../../../src/surfaces/text/width.ts';
import { sliceRow, wrapRow, wrapSoft } from '../../../src/surfaces/text/wrap.ts';
import { copiedText } from './support.ts';

const STYLES = [{}, { bold: true }, { role: 'code' as const }];
const word = fc.oneof(
  fc.stringMatching(/^[a-z]{1,12}$/),
  fc.stringMatching(/^[a-z/.]{20,60}$/),
  fc.constantFrom('漢字', 'é', 'e\u0301', '👩‍👩‍👧', '🇩🇪', 'naïve', '“x”'),
);
const styled = fc
  .array(fc.tuple(word, fc.constantFrom(...STYLES), fc.constantFrom('', ' ', '  ')), { maxLength: 12 })
  .map((parts): Row => parts.map(([text, style, gap]) => span(text + gap, style)));
const plain = fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { maxLength: 14 }).map((words) => words.join(' '));
const width = fc.integer({ min: 2, max: 40 });

/** Letters without blanks, in their order. */
const letters = (rows: readonly Row[]) => rows.map(rowText).join('').replaceAll(' ', '');

/** Each word on the first row that has room for it: the plainest way to wrap. */
function naive(text: string, cells: number): string[] {
  const rows: string[] = [''];
  for (const one of text.split(' ').filter((part) => part !== '')) {
    const last = rows.at(-1) ?? '';
    const joined = last === '' ? one : `${last} ${one}`;
    if (joined.length <= cells) rows[rows.length - 1] = joined;
    else rows.push(one);
  }
  return rows;
}

describe('wrapping at blanks', () => {
  test('plain words are on the first row that has room for them', () => {
    fc.assert(
      fc.property(plain, fc.integer({ min: 9, max: 40 }), (text, cells) => {
        expect(wrapRow(row(text), { width: cells }).map(rowText)).toEqual(naive(text, cells));
      }),
    );
  });

  test('text of one look wraps as the same text of several looks', () => {
    fc.assert(
      fc.property(plain, fc.integer({ min: 9, max: 40 }), fc.nat({ max: 30 }), (text, cells, cut) => {
        const two = [span(text.slice(0, cut), { bold: true }), span(text.slice(cut), { italic: true })];
        expect(wrapRow(two, { width: cells }).map(rowText)).toEqual(wrapRow(row(text), { width: cells }).map(rowText));
      }),
    );
  });

  test('no letter is lost, doubled or out of its order, and no row is too wide', () => {
    fc.assert(
      fc.property(styled, width, (spans, cells) => {
        const rows = wrapRow(spans, { width: cells });
        expect(letters(rows)).toBe(letters([spans]));
        for (const one of rows) expect(rowWidth(one)).toBeLessThanOrEqual(cells);
      }),
    );
  });

  test('each letter keeps its look', () => {
    fc.assert(
      fc.property(styled, width, (spans, cells) => {
        const looks = (rows: readonly Row[]) =>
          rows.flatMap((one) =>
            one.flatMap(({ text, style }) => graphemes(text.replaceAll(' ', '')).map((letter) => [letter, style])),
          );
        expect(looks(wrapRow(spans, { width: cells }))).toEqual(looks([spans]));
      }),
    );
  });

  test('a word that is wider than a row copies whole, where it has no prefix', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z/]{30,90}$/), fc.integer({ min: 4, max: 20 }), (long, cells) => {
        const rows = wrapRow(row(`see ${long} there`), { width: cells });
        expect(copiedText(rows)).toContain(long);
      }),
    );
  });

  test('prefixes are before each row, count for its width, and are no part of the text', () => {
    fc.assert(
      fc.property(styled, fc.integer({ min: 8, max: 40 }), (spans, cells) => {
        const rows = wrapRow(spans, { width: cells, first: [span('- ')], rest: [span('  ')] });
        for (const [index, one] of rows.entries()) {
          expect(rowText(one).slice(0, 2)).toBe(index === 0 ? '- ' : '  ');
          expect(rowWidth(one)).toBeLessThanOrEqual(cells);
        }
        expect(
          rows
            .map((one) => rowText(one).slice(2))
            .join('')
            .replaceAll(' ', ''),
        ).toBe(letters([spans]));
      }),
    );
  });

  test('no row but that of an empty text is empty, and none ends in a blank', () => {
    fc.assert(
      fc.property(styled, width, (spans, cells) => {
        const rows = wrapRow(spans, { width: cells });
        if (letters([spans]) === '') return;
        for (const one of rows) expect(rowText(one)).toMatch(/\S$/);
      }),
    );
  });

  test('rows that fit are as they were when they are wrapped again', () => {
    fc.assert(
      fc.property(plain, fc.integer({ min: 9, max: 40 }), (text, cells) => {
        for (const one of wrapRow(row(text), { width: cells })) expect(wrapRow(one, { width: cells })).toEqual([one]);
      }),
    );
  });
});

describe('wrapping where the terminal does', () => {
  test('rows copy as the one line that they were, at every width', () => {
    fc.assert(
      fc.property(styled, width, (spans, cells) => {
        const rows = wrapSoft(spans, cells);
        expect(copiedText(rows)).toBe(rowText(spans));
        expect(rows.map(isContinued)).toEqual(rows.map((_, index) => index > 0));
      }),
    );
  });

  test('rows are as full as they can be', () => {
    fc.assert(
      fc.property(styled, width, (spans, cells) => {
        const rows = wrapSoft(spans, cells);
        for (const [index, one] of rows.entries()) {
          const next = rows[index + 1];
          if (next === undefined) continue;
          const first = graphemes(rowText(next))[0] ?? '';
          expect(rowWidth(one) + textWidth(first)).toBeGreaterThan(cells);
        }
      }),
    );
  });

  test('a row that continues another one does so also in its first part', () => {
    const rows = wrapSoft([CONTINUED, span('abcdef')], 4);
    expect(rows.map(isContinued)).toEqual([true, true]);
    expect(rows.map(rowText)).toEqual(['abcd', 'ef']);
  });

  test('a character that is wider than the window has a row of its own', () => {
    expect(wrapSoft(row('a漢b'), 1).map(rowText)).toEqual(['a', '漢', 'b']);
  });
});

describe('parts of a row', () => {
  test('of simple text are parts of the text', () => {
    fc.assert(
      fc.property(plain, fc.nat({ max: 50 }), fc.nat({ max: 50 }), (text, from, to) => {
        expect(rowText(sliceRow(row(text), from, to))).toBe(text.slice(from, Math.max(from, to)));
      }),
    );
  });

  test('side by side are the row, but for wide characters that are cut', () => {
    fc.assert(
      fc.property(styled, fc.nat({ max: 40 }), (spans, at) => {
        const total = rowWidth(spans);
        const [left, right] = [sliceRow(spans, 0, at), sliceRow(spans, at, total)];
        const missing = total - rowWidth(left) - rowWidth(right);
        expect(missing).toBeLessThanOrEqual(2);
        if (missing === 0) expect(rowText(left) + rowText(right)).toBe(rowText(spans));
        expect(rowWidth(left)).toBeLessThanOrEqual(at);
      }),
    );
  });
});

describe('user-perceived characters', () => {
  test('joined are the text', () => {
    fc.assert(
      fc.property(styled, (spans) => {
        expect(graphemes(rowText(spans)).join('')).toBe(rowText(spans));
      }),
    );
  });

  test('go one at a time from the end', () => {
    fc.assert(
      fc.property(styled, (spans) => {
        let text = rowText(spans);
        for (let left = graphemes(text).length; left > 0; left -= 1) {
          expect(graphemes(text)).toHaveLength(left);
          text = withoutLast(text);
        }
        expect(text).toBe('');
        expect(withoutLast('')).toBe('');
      }),
      { numRuns: 40 },
    );
  });

  test('have widths that add up to that of the text', () => {
    fc.assert(
      fc.property(styled, (spans) => {
        const text = rowText(spans);
        expect(graphemes(text).reduce((sum, one) => sum + textWidth(one), 0)).toBe(textWidth(text));
      }),
    );
  });
});
