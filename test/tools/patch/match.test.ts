import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FileLines } from '../../../src/tools/patch/match/file-lines.ts';
import { describeDifference, findLookalike, foldedLine } from '../../../src/tools/patch/match/lookalikes.ts';
import { type IndentPair, reindented } from '../../../src/tools/patch/match/reindent.ts';
import { leading, plain, trimmed, trimmedEnd } from '../../../src/tools/patch/match/white-space.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';

const BLANKS = [' ', '\t', '\u00a0', '\u2003', '\u3000', '\u0085', '\u2028', '\v'];

describe('white space at the ends of a line', () => {
  it.each([
    ['', ''],
    ['a', 'a'],
    ['  a b\t ', 'a b'],
    ['\u00a0a\u3000', 'a'],
    ['\ufeffa', '\ufeffa'],
    ['a\u200b', 'a\u200b'],
    [' \t ', ''],
    ['\u0085é\u0085', 'é'],
  ])('%j is %j', (text, wanted) => expect(trimmed(text)).toBe(wanted));

  it('is what is left where nothing else is', () => {
    const text = fc.string({ unit: fc.constantFrom(...BLANKS, 'a', 'é', '\ufeff', '-') });
    fc.assert(
      fc.property(text, (line) => {
        const bare = trimmed(line);
        expect(line.startsWith(leading(line))).toBe(true);
        expect(leading(line) + trimmed(line) === trimmedEnd(line) || bare === '').toBe(true);
        expect(line.startsWith(trimmedEnd(line))).toBe(true);
        for (const blank of BLANKS) {
          expect(bare.startsWith(blank) || bare.endsWith(blank)).toBe(false);
          expect(trimmed(blank + line + blank)).toBe(bare);
        }
        expect(trimmed(bare)).toBe(bare);
      }),
    );
  });

  it('takes no time to find in a line of many blanks before its last letter', () => {
    const line = `${' '.repeat(2_000_000)}é`;
    expect(cpuSeconds(() => expect(trimmedEnd(line)).toBe(line))).toBeLessThan(2);
    const mixed = `${'a\u00a0'.repeat(500_000)}\u00e9`;
    expect(cpuSeconds(() => expect(trimmedEnd(mixed)).toHaveLength(1_000_001))).toBeLessThan(2);
  });

  it.each([
    ['\u2013\u2014\u2212', '---'],
    ['\u2018a\u2019 \u201cb\u201d', `'a' "b"`],
    ['a\u00a0b\u2003c', 'a b c'],
    ['é', 'é'],
  ])('and typographic signs become plain ones: %j is %j', (text, wanted) => expect(plain(text)).toBe(wanted));
});

describe('the lines of a file', () => {
  it.each<[string, string[], string[], string]>([
    ['', [], [], '\n'],
    ['a', ['a\n'], ['a'], '\n'],
    ['a\nb\n', ['a\n', 'b\n'], ['a', 'b'], '\n'],
    ['a\r\nb', ['a\r\n', 'b\r\n'], ['a', 'b'], '\r\n'],
    ['a\r\nb\nc\n', ['a\r\n', 'b\n', 'c\n'], ['a', 'b', 'c'], '\n'],
    ['\n\n', ['\n', '\n'], ['', ''], '\n'],
    ['\ufeffa\n', ['a\n'], ['a'], '\n'],
    ['a\rb\n', ['a\rb\n'], ['a\rb'], '\n'],
  ])('%j', (text, whole, bare, ending) => {
    const file = new FileLines(text);
    expect([file.whole, file.bare, file.ending]).toEqual([whole, bare, ending]);
  });

  it('put together are the file, with an end of the last line', () => {
    const text = fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\r\n', '\r', 'é', '\ufeff') });
    fc.assert(
      fc.property(text, (content) => {
        const file = new FileLines(content);
        const written = file.mark + file.whole.join('');
        expect(written === content || written === content + file.ending).toBe(true);
        expect(file.bare).toHaveLength(file.whole.length);
      }),
    );
  });

  it.each<[string, string[], number, boolean, number | null, boolean]>([
    ['a\nb\na\n', ['a'], 0, false, 0, true],
    ['a\nb\na\n', ['a'], 1, false, 2, true],
    ['a\nb\na\n', ['a'], 0, true, 2, true],
    ['a\nb\n', ['a', 'b'], 0, true, 0, true],
    ['a\nb\n', ['b', 'c'], 0, false, null, true],
    ['a\n', ['a', 'b'], 0, true, null, true],
    ['a  \n', ['a'], 0, false, 0, false],
    ['  a\n', ['a'], 0, false, 0, false],
    ['a \u2013 b\n', ['a - b'], 0, false, 0, false],
    [' a\na\n', ['a'], 0, false, 1, true],
    ['A\n', ['a'], 0, false, null, true],
    ['a\r\n', ['a'], 0, false, 0, true],
  ])('%j has %j from %i on (at the end: %s): %s, exact: %s', (text, wanted, start, atEnd, at, isExact) => {
    const place = new FileLines(text).find(wanted, start, atEnd);
    expect(place?.at ?? null).toBe(at);
    if (place !== null) expect(place.isExact).toBe(isExact);
  });

  it('are found where a plain search finds them, and the other places are named', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', ' a', 'c'), { maxLength: 12 });
    fc.assert(
      fc.property(
        lines,
        fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 3 }),
        fc.nat(4),
        (all, wanted, start) => {
          const places = all.flatMap((_, at) =>
            at >= start && wanted.every((line, offset) => all[at + offset] === line) ? [at] : [],
          );
          const place = new FileLines(all.map((line) => `${line}\n`).join('')).find(wanted, start, false);
          if (places.length === 0) return;
          expect(place).toMatchObject({ at: places[0], isExact: true });
          expect(place?.others).toEqual(places.slice(1, 6));
        },
      ),
    );
  });
});

describe('added lines in the white space of the file', () => {
  const pairs = (...all: (readonly [patch: string, file: string])[]): IndentPair[] =>
    all.map(([patch, file]) => ({ patch, file }));
  const of = (texts: string[], shared: IndentPair[]) =>
    reindented(
      texts.map((text) => ({ text, replaced: [] })),
      shared,
    );

  it.each<[string, IndentPair[], string[], string[] | null]>([
    ['the same', pairs(['  ', '  ']), ['    x'], ['    x']],
    ['nothing shared', [], ['  x'], ['  x']],
    ['further in', pairs(['', '  '], ['  ', '    ']), ['x', '  y'], ['  x', '    y']],
    ['further out', pairs(['    ', '  ']), ['    x', '      y'], ['  x', '    y']],
    ['tabs for spaces', pairs(['  ', '\t'], ['    ', '\t\t']), ['  x', '      y'], ['\tx', '\t\t\ty']],
    ['spaces for tabs', pairs(['\t', '    ']), ['\tx', '\t\ty'], ['    x', '        y']],
    ['four for two', pairs(['  ', '    '], ['    ', '        ']), ['  x', '      y'], ['    x', '            y']],
    ['an empty line', pairs(['', '  ']), ['', 'x'], ['', '  x']],
    ['less than there is to take away', pairs(['    ', '  ']), [' x'], null],
    ['what may be the file’s own already', pairs(['    ', '']), ['  x'], ['  x']],
  ])('%s', (_, shared, added, wanted) => {
    expect(of(added, shared)).toEqual(wanted);
  });

  it('keep their text, and are as many as before, or none can be given', () => {
    const indent = fc.constantFrom('', '  ', '    ', '\t', '\t\t', '      ');
    fc.assert(
      fc.property(
        fc.array(fc.record({ patch: indent, file: indent }), { maxLength: 3 }),
        fc.array(indent, { maxLength: 4 }),
        (shared, indents) => {
          const added = indents.map((each, at) => `${each}line ${at}`);
          const result = of(added, shared);
          if (result === null) return;
          expect(result.map((line) => line.trim())).toEqual(added.map((line) => line.trim()));
        },
      ),
    );
  });
});

describe('what only looks the same', () => {
  it.each([
    ['a  b', 'a b'],
    ['  a\t', 'a'],
    ['a\u200bb', 'ab'],
    ['e\u0301', '\u00e9'],
    ['\u201ca\u201d', '"a"'],
    ['\ufb01', 'fi'],
    ['a\u00adb', 'ab'],
    ['a\u00a0b', 'a b'],
  ])('%j and %j', (one, other) => expect(foldedLine(one)).toBe(foldedLine(other)));

  it.each([
    ['a', 'b'],
    ['ab', 'a b'],
    ['a', 'A'],
    ['\u0430', 'a'],
  ])('but not %j and %j', (one, other) => expect(foldedLine(one)).not.toBe(foldedLine(other)));

  it.each<[string, string, object | null]>([
    ['x\na \u2013 b\ny', 'a - b', { line: 2, want: 'a - b', have: 'a \u2013 b' }],
    ['x\ncafe\u0301\n', 'caf\u00e9', { line: 2, want: 'caf\u00e9', have: 'cafe\u0301' }],
    ['a\u200bb', 'ab', { line: 1, want: 'ab', have: 'a\u200bb' }],
    ['one\ntwo  three\n', 'one\ntwo three', { line: 2, want: 'two three', have: 'two  three' }],
    ['abc', 'x', null],
    ['abc', '', null],
    ['', 'a', null],
  ])('is found: %j has %j', (text, piece, found) => expect(findLookalike(text, piece)).toEqual(found));

  it.each([
    ['a b', 'a  b', /nothing|a space/],
    ['\u00e9', 'e\u0301', /expected U\+00E9, found U\+0065 U\+0301 \(column 1\)/],
    ['a\tb', 'a b', /expected a tab, found a space \(column 2\)/],
    ['    a', '\ta', /expected 4 spaces, found a tab \(column 1\)/],
    ['abcdefgh', 'a', /and 3 more/],
  ])('is named by its characters: %j and %j', (want, have, words) =>
    expect(describeDifference(want, have)).toMatch(words),
  );
});
