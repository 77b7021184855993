import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindFault, SNIFFED_BYTES, textFault } from '../../../src/foundation/files/index.ts';

const utf16 = (text: string) => Buffer.from(text, 'utf16le');
const BINARY = 'it is a binary file';

describe('what keeps bytes from being UTF-8 text', () => {
  it.each<[string, Buffer, string | null]>([
    ['nothing at all', Buffer.alloc(0), null],
    ['ASCII', Buffer.from('a\nb\n'), null],
    ['other letters', Buffer.from('größe 漢字 😀'), null],
    ['a byte order mark of UTF-8', Buffer.from('\uFEFFname'), null],
    ['a zero byte among text, which some formats have', Buffer.from('a\0b'), null],
    ['Latin-1', Buffer.from('one\ntwo\ngr\xf6\xdfe', 'latin1'), 'it is not UTF-8 text (first in line 3'],
    ['a character that is cut off at the end', Buffer.from('a\nb漢').subarray(0, 5), 'first in line 2'],
    ['UTF-16 with a mark', Buffer.concat([Buffer.from([0xff, 0xfe]), utf16('text')]), 'UTF-16LE text, not UTF-8'],
    ['its other order', Buffer.concat([Buffer.from([0xfe, 0xff]), utf16('text').swap16()]), 'UTF-16BE text'],
    ['UTF-16 without a mark', utf16('a longer text'), 'UTF-16LE text'],
    ['its other order without a mark', utf16('a longer text').swap16(), 'UTF-16BE text'],
    ['a binary file', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x00, 0xff]), BINARY],
    ['zero bytes in both places', Buffer.from([0, 0, 0, 0, 0, 0, 0xff]), BINARY],
  ])('%s', (_, bytes, fault) => {
    if (fault === null) expect(textFault(bytes)).toBeNull();
    else expect(textFault(bytes)).toContain(fault);
  });

  it('is looked for in the beginning only, as far as the kind goes', () => {
    const late = Buffer.concat([Buffer.alloc(SNIFFED_BYTES, 'a'), Buffer.from([0])]);
    const early = Buffer.concat([Buffer.alloc(SNIFFED_BYTES - 1, 'a'), Buffer.from([0])]);
    expect(kindFault(late)).toBeNull();
    expect(kindFault(early)).toBe(BINARY);
  });

  it('is nothing in any text that was written as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (text) => {
        fc.pre(!text.includes('\0'));
        expect(textFault(Buffer.from(text))).toBeNull();
      }),
    );
  });

  it('names the first line with such bytes', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), (before, behind) => {
        const bytes = Buffer.concat([
          Buffer.from('line\n'.repeat(before)),
          Buffer.from([0x61, 0xff, 0x0a]),
          Buffer.from('line\n'.repeat(behind)),
        ]);
        expect(textFault(bytes)).toContain(`first in line ${before + 1};`);
      }),
    );
  });

  it('names UTF-16 for every longer text of ASCII letters', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'B', ' ', '9', '\n'), minLength: 2 }), (text) => {
        expect(kindFault(utf16(text))).toContain('UTF-16LE');
        expect(kindFault(utf16(text).swap16())).toContain('UTF-16BE');
      }),
    );
  });
});
