import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeDifference, findLookalike, foldedLine } from '../../../src/tools/patch/match/lookalikes.ts';

describe('lines that look the same', () => {
  test.each([
    ['a normal form', 'caf\u00e9', 'cafe\u0301'],
    ['a quote', "it's", 'it\u2019s'],
    ['an ellipsis', 'wait...', 'wait\u2026'],
    ['a hyphen', 'a-b', 'a\u2010b'],
    ['a no-break space', 'a b', 'a\u00a0b'],
    ['a zero-width space', 'ab', 'a\u200bb'],
    ['a byte order mark', 'ab', '\ufeffab'],
    ['a directional mark', 'ab', 'a\u202eb'],
    ['a tab', 'a\tb', 'a b'],
    ['white space around', '  a  b ', 'a b'],
    ['a wide letter', 'ABC', '\uff21\uff22\uff23'],
  ])('but for %s are one', (_what, one, other) => {
    expect(foldedLine(one)).toBe(foldedLine(other));
  });

  test.each([
    ['a', 'b'],
    ['a b', 'ab'],
    ['A', 'a'],
    ['1', 'l'],
  ])('are two where they do not: %j and %j', (one, other) => {
    expect(foldedLine(one)).not.toBe(foldedLine(other));
  });

  test('are found with their line and both spellings', () => {
    const text = 'first\nsecond\n  say(\u201chello\u201d);\nlast\n';
    expect(findLookalike(text, 'say("hello");')).toEqual({
      ...{ line: 3, want: 'say("hello");', have: 'say(\u201chello\u201d);' },
    });
  });

  test('are found where only a later line of the piece differs', () => {
    const found = findLookalike('a = 1\nb\u00a0= 2\nc = 3\n', 'a = 1\nb = 2\n');
    expect(found).toEqual({ line: 2, want: 'b = 2', have: 'b\u00a0= 2' });
  });

  test('are not found in what does not have them, nor is nothing', () => {
    expect(findLookalike('some text', 'other')).toBeNull();
    expect(findLookalike('some text', '')).toBeNull();
    expect(findLookalike('some text', '\u200b \u200b')).toBeNull();
  });

  test('are found in any text that has invisible characters put in', () => {
    const word = fc.stringMatching(/^[a-z]{1,6}$/);
    const unseen = fc.constantFrom('\u200b', '\u00ad', '\u2060', '\ufeff');
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), unseen, fc.nat(), (words, mark, at) => {
        const piece = words.join(' ');
        fc.pre(piece.length > 1);
        const place = 1 + (at % (piece.length - 1));
        const text = `before\n${piece.slice(0, place)}${mark}${piece.slice(place)}\nafter\n`;
        const found = findLookalike(text, piece);
        expect(found?.want).toBe(piece);
        expect(found?.line).toBe(2);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a difference', () => {
  test.each([
    ['caf\u00e9', 'cafe\u0301', 'expected U+00E9, found U+0065 U+0301 (column 4)'],
    ['\tx', '    x', 'expected a tab, found 4 spaces (column 1)'],
    ['\t\tx', ' x', 'expected 2 tabs, found a space (column 1)'],
    ['ab', 'a\u200bb', 'expected nothing, found U+200B (column 2)'],
    ['a\u200bb', 'ab', 'expected U+200B, found nothing (column 2)'],
    ['\u{1f600}', '\u{1f601}', 'expected U+1F600, found U+1F601 (column 1)'],
    ['abcdefgh', 'xyz', 'expected U+0061 U+0062 U+0063 U+0064 and 4 more, found U+0078 U+0079 U+007A (column 1)'],
  ])('of %j and %j is named by its characters', (want, have, said) => {
    expect(describeDifference(want, have)).toBe(said);
  });

  test('leaves out what both have in front and behind, also where they overlap', () => {
    expect(describeDifference('aXa', 'aXXa')).toBe('expected nothing, found U+0058 (column 3)');
    expect(describeDifference('aa', 'aaa')).toBe('expected nothing, found U+0061 (column 3)');
  });
});
