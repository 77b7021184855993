import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type IndentPair, reindented } from '../../../src/tools/patch/match/reindent.ts';

const rows = (...texts: string[]) => texts.map((text) => ({ text, replaced: [] }));
const pair = (patch: string, file: string): IndentPair => ({ patch, file });

describe('lines that a patch adds', () => {
  test('stay as they are where the patch has the file’s white space', () => {
    expect(reindented(rows('  a', '\tb', ''), [pair('  ', '  '), pair('', '')])).toEqual(['  a', '\tb', '']);
  });

  test('are shifted as the lines around them are', () => {
    expect(reindented(rows('a', '  b', ''), [pair('', '    '), pair('  ', '      ')])).toEqual([
      '    a',
      '      b',
      '',
    ]);
  });

  test('are shifted to the left as well', () => {
    expect(reindented(rows('    a', '      b'), [pair('    ', '')])).toEqual(['a', '  b']);
  });

  test('get tabs for the spaces that a level has', () => {
    expect(reindented(rows('    a', '        b'), [pair('    ', '\t'), pair('        ', '\t\t')])).toEqual([
      '\ta',
      '\t\tb',
    ]);
  });

  test('get spaces for tabs', () => {
    expect(reindented(rows('\ta', '\t\tb'), [pair('\t', '  '), pair('\t\t', '    ')])).toEqual(['  a', '    b']);
  });

  test('get another number of spaces a level where several levels show it', () => {
    const pairs = [pair('  ', '    '), pair('    ', '        ')];
    expect(reindented(rows('  a', '    b', '      c'), pairs)).toEqual(['    a', '        b', '            c']);
  });

  test('are ambiguous where the lines around them disagree', () => {
    expect(reindented(rows('  a'), [pair('  ', '    '), pair('  ', '\t')])).toBeNull();
  });

  test('take the indent of the very lines that they replace', () => {
    const added = [{ text: '  a', replaced: [pair('  ', '\t')] }];
    expect(reindented(added, [pair('  ', '\t'), pair('  ', '    ')])).toEqual(['\ta']);
  });

  test('that are empty stay empty, whatever is around them', () => {
    expect(reindented(rows('', '  '), [pair('', '\t')])).toEqual(['', '  ']);
  });

  test('keep their words: whatever the white space, only that changes', () => {
    const indent = fc.stringMatching(/^(?: {0,8}|\t{0,3})$/);
    const pairs = fc.array(
      fc.tuple(indent, indent).map(([patch, file]) => pair(patch, file)),
      { maxLength: 4 },
    );
    const added = fc.array(
      fc.tuple(indent, fc.constantFrom('', 'x', 'return y')).map(([lead, word]) => lead + word),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(added, pairs, (texts, around) => {
        const result = reindented(rows(...texts), around);
        if (result === null) return;
        expect(result.map((line) => line.trim())).toEqual(texts.map((line) => line.trim()));
      }),
      { numRuns: 200 },
    );
  });

  test('are shifted by what all lines around them are shifted by', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(4), { minLength: 1, maxLength: 5 }), (by, levels) => {
        const unit = (level: number) => '  '.repeat(level);
        const around = [...new Set(levels)].map((level) => pair(unit(level), ' '.repeat(by) + unit(level)));
        const texts = levels.map((level) => `${unit(level)}x`);
        expect(reindented(rows(...texts), around)).toEqual(texts.map((text) => ' '.repeat(by) + text));
      }),
      { numRuns: 60 },
    );
  });
});
