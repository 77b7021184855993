import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byteLength,
  cutBytesEnd,
  cutBytesStart,
  decodeText,
  utf16MarkOf,
} from '../../../../src/foundation/util/index.ts';

/** Characters of one to four bytes, and those made of several code points. */
const wide = fc
  .array(fc.constantFrom('a', '\n', '\0', 'é', 'ß', '漢', '\uFEFF', '😀', '👩‍👩‍👧', 'e\u0301'), { maxLength: 30 })
  .map((parts) => parts.join(''));
const limit = fc.integer({ min: 0, max: 60 });

describe('a text cut to a number of bytes', () => {
  it.each([
    ['', 0, '', ''],
    ['abc', 0, '', ''],
    ['abc', 2, 'ab', 'bc'],
    ['abc', 3, 'abc', 'abc'],
    ['abc', 99, 'abc', 'abc'],
    ['é', 1, '', ''],
    ['aé', 2, 'a', 'é'],
    ['éa', 2, 'é', 'a'],
    ['漢字', 5, '漢', '字'],
    ['漢字', 6, '漢字', '漢字'],
    ['😀😀', 7, '😀', '😀'],
    ['😀', 3, '', ''],
    ['a😀b', 5, 'a😀', '😀b'],
  ])('%j within %i bytes is %j from its start and %j from its end', (text, maxBytes, start, end) => {
    expect(cutBytesEnd(text, maxBytes)).toBe(start);
    expect(cutBytesStart(text, maxBytes)).toBe(end);
  });

  it('is empty for a limit below zero', () => {
    expect(cutBytesEnd('abc', -1)).toBe('');
    expect(cutBytesStart('abc', -1)).toBe('');
  });

  it('is the longest start that fits and splits no character', () => {
    fc.assert(
      fc.property(wide, limit, (text, maxBytes) => {
        const cut = cutBytesEnd(text, maxBytes);
        expect(text.startsWith(cut)).toBe(true);
        expect(byteLength(cut)).toBeLessThanOrEqual(maxBytes);
        expect(cut.isWellFormed()).toBe(true);
        const next = [...text.slice(cut.length)][0];
        if (next !== undefined) expect(byteLength(cut + next)).toBeGreaterThan(maxBytes);
      }),
    );
  });

  it('is the longest end that fits and splits no character', () => {
    fc.assert(
      fc.property(wide, limit, (text, maxBytes) => {
        const cut = cutBytesStart(text, maxBytes);
        expect(text.endsWith(cut)).toBe(true);
        expect(byteLength(cut)).toBeLessThanOrEqual(maxBytes);
        expect(cut.isWellFormed()).toBe(true);
        const before = [...text.slice(0, text.length - cut.length)].at(-1);
        if (before !== undefined) expect(byteLength(before + cut)).toBeGreaterThan(maxBytes);
      }),
    );
  });

  it('is the whole text where that fits, also with halves of characters in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(cutBytesEnd(text, byteLength(text))).toBe(text);
        expect(cutBytesStart(text, byteLength(text))).toBe(text);
      }),
    );
  });
});

describe('the bytes of a text file', () => {
  const utf16 = (text: string) => Buffer.from(text, 'utf16le');
  it.each<[string, Buffer, string]>([
    ['nothing', Buffer.alloc(0), ''],
    ['UTF-8', Buffer.from('größe 漢 😀'), 'größe 漢 😀'],
    ['UTF-8 with a mark', Buffer.from('\uFEFFname'), 'name'],
    ['UTF-16 from a Windows editor', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16('größe 😀')]), 'größe 😀'],
    ['UTF-16 the other way round', Buffer.concat([Buffer.from([0xfe, 0xff]), utf16('größe').swap16()]), 'größe'],
    ['a mark alone', Buffer.from([0xff, 0xfe]), ''],
    ['Latin-1', Buffer.from('gr\xf6\xdfe', 'latin1'), 'gr\uFFFD\uFFFDe'],
    ['a character that is cut off', Buffer.from('漢').subarray(0, 2), '\uFFFD'],
  ])('are decoded: %s', (_, bytes, text) => {
    expect(decodeText(bytes)).toBe(text);
  });

  it('are UTF-16 only with both bytes of a mark', () => {
    expect(utf16MarkOf(Buffer.from([0xff, 0xfe, 0x41]))).toBe('utf-16le');
    expect(utf16MarkOf(Buffer.from([0xfe, 0xff]))).toBe('utf-16be');
    for (const bytes of [[], [0xff], [0xfe], [0xff, 0xff], [0xfe, 0xfe], [0xef, 0xbb, 0xbf]]) {
      expect(utf16MarkOf(Buffer.from(bytes))).toBeNull();
    }
  });

  it('give back every text that is written as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.startsWith('\uFEFF'));
        expect(decodeText(Buffer.from(text))).toBe(text);
      }),
    );
  });
});
