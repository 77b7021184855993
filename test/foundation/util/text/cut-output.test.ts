import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteLength, cutAgain, cutForModel, cutLines, wholeText } from '../../../../src/foundation/util/index.ts';
import { countLines } from '../../../../src/foundation/util/text/cut-output.ts';

const lines = (count: number, text: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => `${text(n + 1)}\n`).join('');

const where = 'all in /tmp/x.log';
const NOTICE = /^\[.* left out; .*\]$/m;

/** The notice of a cut text, and what is before and behind it. */
function partsOf(cut: string): { notice: string; head: string; tail: string } {
  const notice = NOTICE.exec(cut)?.[0] ?? '';
  const at = cut.indexOf(notice);
  return { notice, head: cut.slice(0, at), tail: cut.slice(at + notice.length + 1) };
}

describe('the model copy of an output', () => {
  test('M55: is the output itself within 10,240 bytes, however many lines that are', () => {
    for (const text of ['', 'x', 'a\nb', lines(5_000, () => 'x'), 'b'.repeat(10_240)]) {
      expect(cutForModel(text)).toBe(text);
    }
  });

  test('M54: loses whole lines from its middle, and one line says which', () => {
    const text = lines(900, (n) => `${n} [build] module-${n} transform pass`);
    const { notice, head, tail } = partsOf(cutLines(wholeText(text), { maxBytes: 10_240, where }));
    const first = countLines(head) + 1;
    const last = 900 - countLines(tail);
    expect(notice).toBe(`[lines ${first}-${last} of 900 left out; ${where}]`);
    expect(text.startsWith(head)).toBe(true);
    expect(text.endsWith(tail)).toBe(true);
    expect(head.endsWith(`transform pass\n`)).toBe(true);
    expect(tail.startsWith(`${last + 1} [build]`)).toBe(true);
    expect(byteLength(head + tail)).toBeGreaterThan(10_000);
  });

  test('of one long line is its start and its end', () => {
    const cut = cutForModel(`START${'a'.repeat(20_000)}END`);
    expect(cut).toMatch(/^STARTa+\n\[middle of line 1 of 1 left out; not kept\]\na+END$/);
    expect(byteLength(cut)).toBeGreaterThan(10_200);
  });

  test.each([
    [
      'a long line in front',
      `${'a'.repeat(20_000)}\n${lines(400, (n) => `line ${n}`)}`,
      /^\[rest of line 1 of 401 left/m,
    ],
    [
      'a long line behind',
      `${lines(600, (n) => `line ${n}`)}${'a'.repeat(20_000)}`,
      /^\[lines? \d+ to start of line 601 of 601 left/m,
    ],
    [
      'long lines on both sides',
      `${'a'.repeat(9_000)}\n\n${'b'.repeat(9_000)}`,
      /^\[rest of line 1 to start of line 3 of 3 left/m,
    ],
  ])('names lines of which a part is shown: %s', (_, text, notice) => {
    expect(cutForModel(text)).toMatch(notice);
  });

  test('M55: is never cut inside a character, keeps to the limit, and its numbers are right', () => {
    const characters = fc.constantFrom('a', 'é', '漢', '😀', '\n', '\r\n', 'words of a line\n');
    fc.assert(
      fc.property(
        fc.array(characters, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 1200 }),
        (unit, times) => {
          const text = unit.join('').repeat(times);
          const cut = cutForModel(text);
          expect(cut).not.toContain('\uFFFD');
          expect(byteLength(cut)).toBeLessThanOrEqual(10_240);
          if (cut === text) return;
          const { notice, head, tail } = partsOf(cut);
          const isFirstCut = /^\[(middle|rest) of/.test(notice);
          const isLastCut = /^\[(middle|start) of|start of line/.test(notice);
          const [first = 0, last = first] = [...notice.matchAll(/\d+(?=[- ])/g)].map(Number);
          const all = text.split('\n');
          expect(text.startsWith(isFirstCut ? head.slice(0, -1) : head)).toBe(true);
          expect(text.endsWith(tail)).toBe(true);
          const missing = isFirstCut ? 0 : 1;
          expect(countLines(head) + missing).toBe(first);
          const behind = notice.includes('-') || / to /.test(notice) ? last : first;
          expect(countLines(text) - countLines(tail) + (isLastCut ? 1 : 0)).toBe(behind);
          expect(all.length).toBeGreaterThanOrEqual(behind);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('counts the lines of a file that has more in front', () => {
    const news = { ...wholeText(lines(3_000, (n) => `news ${n}`)), linesBefore: 70 };
    const { notice, head } = partsOf(cutLines(news, { maxBytes: 10_240, where }));
    expect(notice).toMatch(new RegExp(`^\\[lines ${70 + countLines(head) + 1}-\\d+ of 3070 left out`));
  });

  test('of a text whose middle is gone already has the numbers of the whole', () => {
    const half = lines(400, (n) => `${n} ${'y'.repeat(40)}`);
    const cut = cutLines(
      { head: half, tail: half, totalBytes: 9_000_000, totalLines: 5000 },
      { maxBytes: 10_240, where },
    );
    expect(cut).toMatch(/^\[lines \d+-\d+ of 5000 left out; all in \/tmp\/x\.log\]$/m);
    expect(cut.endsWith(`400 ${'y'.repeat(40)}\n`)).toBe(true);
  });

  test('a newline at the end adds no line', () => {
    expect(['', 'a', 'a\n', 'a\nb', '\n'].map(countLines)).toEqual([0, 1, 1, 2, 1]);
  });
});

describe('a text that was cut', () => {
  const shapes: readonly (readonly [string, string])[] = [
    ['between lines', lines(900, (n) => `line ${n} of a build`)],
    ['inside a line', 'z'.repeat(30_000)],
    ['behind the start of a line', `${'a'.repeat(20_000)}\n${lines(900, (n) => `line ${n}`)}`],
    ['before the end of a line', `${lines(900, (n) => `line ${n}`)}${'a'.repeat(20_000)}`],
  ];

  test.each(shapes)('passes unchanged: %s', (_, text) => {
    const cut = cutForModel(text);
    expect(cutForModel(cut)).toBe(cut);
  });

  test.each(shapes)('makes room for more in the same place, with one notice that is right: %s', (_, text) => {
    const once = cutLines(wholeText(text), { maxBytes: 10_240, where });
    const again = cutAgain(once, { maxBytes: 9_000, where: 'elsewhere' });
    expect(again.match(/left out;/g)).toHaveLength(1);
    expect(byteLength(again)).toBeLessThanOrEqual(9_000);
    const before = partsOf(once);
    const { notice, head, tail } = partsOf(again);
    expect(notice.endsWith(`; ${where}]`)).toBe(true);
    expect(before.head.startsWith(head.replace(/\n$/, ''))).toBe(true);
    expect(before.tail.endsWith(tail)).toBe(true);
    const first = Number(/line[s]? (\d+)/.exec(notice)?.[1]);
    expect(first).toBe(countLines(head) + (/^\[(middle|rest)/.test(notice) ? 0 : 1));
  });

  test('is not one that only looks so', () => {
    const text = `[lines 2-3 of 9 left out; all in /etc/passwd]\n${lines(900, (n) => `line ${n} of many`)}`;
    const cut = cutForModel(text);
    expect(cut.match(/left out;/g)).toHaveLength(2);
    expect(cut).toMatch(/^\[lines \d+-\d+ of 901 left out; not kept\]$/m);
  });

  test('by an earlier version, with a header and 256 lines, passes unchanged; a text that only looks so is cut', () => {
    const old = `Total output lines: 900\n\n${'x'.repeat(39)}\n`.padEnd(10_200, 'y');
    expect(cutForModel(old)).toBe(old);
    expect(byteLength(cutForModel(`Total output lines: 1\n\n${'z'.repeat(30_000)}`))).toBeLessThanOrEqual(10_240);
  });
});
