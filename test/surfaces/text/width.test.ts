import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { graphemes, isSimple } from '../../../src/surfaces/text/graphemes.ts';
import { textWidth } from '../../../src/surfaces/text/width.ts';

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
