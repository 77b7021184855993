import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hexDigest } from '../../../src/foundation/util/index.ts';

test.each(['cyrb53', 'sha256'] as const)('%s: twelve hexadecimal digits, always the same for the same text', (kind) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      expect(hexDigest(kind, text)).toMatch(/^[0-9a-f]{12}$/);
      expect(hexDigest(kind, text)).toBe(hexDigest(kind, `${text}`));
    }),
  );
});

test('SHA-256 is the one of RFC 6234, in UTF-8', () => {
  expect(hexDigest('sha256', 'abc')).toBe('ba7816bf8f01');
  const text = 'größer 🙂';
  expect(hexDigest('sha256', text)).toBe(createHash('sha256').update(text).digest('hex').slice(0, 12));
});

test('cyrb53 is as it was recorded: threads of earlier runs have its digests', () => {
  expect(
    ['', 'a', 'abc', 'größer 🙂', 'x'.repeat(10_000)].map((text) => hexDigest('cyrb53', text)),
  ).toMatchInlineSnapshot(`
    [
      "488bdcb81aee",
      "501c2ba782c9",
      "7a91f9f91ac1",
      "81720554ff52",
      "b0b9e289a3d3",
    ]
  `);
});

test('cyrb53 differs for texts that differ in one place, in their order, or in their length', () => {
  const base = 'The quick brown fox jumps over the lazy dog. '.repeat(20);
  const texts = [base, ...Array.from(base, (_, at) => `${base.slice(0, at)}#${base.slice(at + 1)}`)];
  const lengths = Array.from({ length: 500 }, (_, length) => ' '.repeat(length));
  const numbers = Array.from({ length: 20_000 }, (_, number) => `item ${number}`);
  const all = [...texts, ...lengths, ...numbers, [...base].toReversed().join('')];
  expect(new Set(all.map((text) => hexDigest('cyrb53', text))).size).toBe(all.length);
});
