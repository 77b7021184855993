import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  byteLength,
  countLines,
  truncateForModel,
  truncatePartial,
  wholeText,
} from '../../../../src/foundation/util/index.ts';

const lines = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => `${text(n + 1)}\n`).join('');

const body = (text: string): string => text.replace(/^Total output lines: \d+\n\n/, '');

describe('the model copy of an output', () => {
  test('M54: of 356 lines the first and last 128 stay and the marker says 100 of 356', () => {
    const cut = truncateForModel(lines(356, (n) => `line ${n}`));
    expect(cut.startsWith('Total output lines: 356\n\nline 1\n')).toBe(true);
    expect(cut).toContain('line 128\n\n[... omitted 100 of 356 lines ...]\n\nline 229\n');
    expect(cut.endsWith('line 356\n')).toBe(true);
  });

  test('M54: 298 long lines get the line marker only', () => {
    const cut = truncateForModel(lines(298, (n) => `${n} ${'x'.repeat(256)}`));
    expect(cut).toContain('[... omitted 42 of 298 lines ...]');
    expect(cut).not.toContain('truncated to fit');
    expect(byteLength(body(cut))).toBeLessThanOrEqual(10_240);
  });

  test('M54: one line of 10,290 bytes gets the byte marker only and keeps its end', () => {
    const cut = truncateForModel(`${'a'.repeat(10_287)}END`);
    expect(cut.startsWith('Total output lines: 1\n\naaa')).toBe(true);
    expect(cut).toContain('\n[... output truncated to fit 10240 bytes ...]\n\n');
    expect(cut).not.toContain('omitted');
    expect(cut.endsWith('END')).toBe(true);
    expect(byteLength(body(cut))).toBe(10_240);
  });

  test('M55: output within the limits is unchanged', () => {
    for (const text of ['', 'x', 'a\nb', lines(256, String), 'b'.repeat(10_240)])
      expect(truncateForModel(text)).toBe(text);
  });

  test('M55: multi-byte text is never cut inside a character and the body keeps to its limit', () => {
    const characters = fc.constantFrom('a', 'é', '漢', '😀', '\n');
    fc.assert(
      fc.property(
        fc.array(characters, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 1200 }),
        (unit, times) => {
          const cut = truncateForModel(unit.join('').repeat(times));
          expect(cut).not.toContain('\uFFFD');
          expect(byteLength(body(cut))).toBeLessThanOrEqual(10_240);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a text that was cut already passes unchanged', () => {
    const cut = truncateForModel(lines(9000, (n) => `"${n}"`));
    expect(truncateForModel(cut)).toBe(cut);
  });

  test('a text that only looks cut is cut', () => {
    expect(byteLength(truncateForModel(`Total output lines: 1\n\n${'z'.repeat(30_000)}`))).toBeLessThan(10_300);
  });

  test('a text whose middle is gone already is reported with the numbers of the whole', () => {
    const half = 'y'.repeat(20_000);
    const text = truncatePartial({
      head: `${half}\n`,
      tail: `\n${half}END`,
      totalBytes: 9_000_000,
      totalLines: 5000,
    });
    expect(text.startsWith('Total output lines: 5000\n\nyyy')).toBe(true);
    expect(text).toContain('[... omitted 4744 of 5000 lines ...]');
    expect(text.endsWith('yEND')).toBe(true);
  });

  test('reserved bytes and lines stay free for what is appended', () => {
    const whole = wholeText(lines(256, (n) => `line ${n} ${'w'.repeat(60)}`));
    const cut = truncatePartial(whole, { bytes: 240, lines: 2 });
    expect(cut).toContain('[... omitted 2 of 256 lines ...]');
    expect(cut.endsWith(`line 256 ${'w'.repeat(60)}\n`)).toBe(true);
    expect(byteLength(body(cut))).toBeLessThanOrEqual(10_000);
  });

  test('a newline at the end adds no line', () => {
    expect(['', 'a', 'a\n', 'a\nb', '\n'].map(countLines)).toEqual([0, 1, 1, 2, 1]);
  });
});
