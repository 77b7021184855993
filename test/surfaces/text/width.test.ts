import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { graphemes, isSimple } from '../../../src/surfaces/text/graphemes.ts';
import { span } from '../../../src/surfaces/text/row.ts';
import { rowWidth, textWidth } from '../../../src/surfaces/text/width.ts';

test('every character that is taken for one cell without a look at the tables is one cell, and no part of another', () => {
  const wrong: string[] = [];
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
  for (let code = 0x20; code <= 0xffff; code += 1) {
    const one = String.fromCharCode(code);
    if (!isSimple(one)) continue;
    if (stringWidth(one) !== 1 || [...segmenter.segment(`a${one}b`)].length !== 3) wrong.push(code.toString(16));
  }
  expect(wrong).toEqual([]);
});

test('signs of a screen need no tables, and what joins does', () => {
  expect(['› • · … ─ │ └ ✓ ✗ ⋮ ☐ ☑ → é', 'плюс', 'ελ'].every(isSimple)).toBe(true);
  expect(['漢', '👍', 'e\u0301', '✔\ufe0f', '\u00ad', '\u200b', 'ש'].some(isSimple)).toBe(false);
});

test('graphemes have the cells that terminals give them', () => {
  expect(['a', '漢', 'é', 'e\u0301', '👍🏽', '👨‍👩‍👧', '\u0301', 'ｱ', '…'].map(textWidth)).toEqual([
    1, 2, 1, 1, 2, 2, 0, 1, 1,
  ]);
  expect(graphemes('e\u0301👨‍👩‍👧a')).toEqual(['e\u0301', '👨‍👩‍👧', 'a']);
});

test.each([
  ['', 0],
  ['plain', 5],
  ['漢字', 4],
  ['ﾊﾝｶｸ', 4],
  ['전각', 4],
  ['👍', 2],
  ['👍🏽', 2],
  ['🇩🇪', 2],
  ['👩‍💻 works', 8],
  ['e\u0301e\u0301', 2],
  ['\u200b', 0],
  ['नमस्ते', 4],
  ['ไทย', 3],
  ['（全角）', 8],
  ['✔️', 2],
  ['a\u00adb', 2],
  ['„quotes“', 8],
])('%j takes %i cells', (text, cells) => {
  expect(textWidth(text)).toBe(cells);
});

test('a text is as wide as its graphemes, however long it is and whether it was measured before', () => {
  const part = fc.constantFrom('a', '漢', '👍🏽', 'e\u0301', ' ', 'ﾊ', '…', 'ש', '🇩🇪');
  fc.assert(
    fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
      const text = parts.join('|');
      const sum = graphemes(text).reduce((cells, one) => cells + textWidth(one), 0);
      expect(textWidth(text)).toBe(sum);
      expect(textWidth(text)).toBe(sum);
    }),
  );
});

test('graphemes put together are the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(graphemes(text).join('')).toBe(text);
    }),
  );
});

test('a row is as wide as its spans together', () => {
  expect(rowWidth([])).toBe(0);
  expect(rowWidth([span('a漢'), span('', { role: 'user' }), span('b', { bold: true })])).toBe(4);
});
