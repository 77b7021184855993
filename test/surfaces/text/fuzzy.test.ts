import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzzyMatch } from '../../../src/surfaces/text/fuzzy.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';

const ranked = (query: string, texts: readonly string[]) =>
  texts
    .flatMap((text) => {
      const match = fuzzyMatch(query, text);
      return match ? [{ text, ...match }] : [];
    })
    .sort((a, b) => b.score - a.score || (a.text < b.text ? -1 : 1))
    .map(({ text }) => text);

test('the letters are found in their order, or there is no match', () => {
  expect(fuzzyMatch('fw', 'frame-writer.ts')?.positions).toEqual([0, 6]);
  expect(fuzzyMatch('wf', 'frame-writer.ts')).toBeNull();
});

test('the name of a file counts more than its folders, and the shorter path more than the longer', () => {
  expect(ranked('view', ['src/view/old/deep.ts', 'src/tui/view.ts', 'src/a/b/c/view.ts'])).toEqual([
    'src/tui/view.ts',
    'src/a/b/c/view.ts',
    'src/view/old/deep.ts',
  ]);
});

test('starts of words and letters side by side count more', () => {
  expect(ranked('fr', ['offer.ts', 'frame.ts', 'a-far-road.ts'])[0]).toBe('frame.ts');
  expect(ranked('frw', ['src/foreword.ts', 'src/frame-writer.ts', 'src/row.ts'])[0]).toBe('src/frame-writer.ts');
  expect(ranked('mo', ['compact', 'model'])[0]).toBe('model');
});

test('what is found is the query, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 6 }), fc.string({ maxLength: 60 }), (query, text) => {
      const match = fuzzyMatch(query, text);
      if (match === null || query === '') return;
      expect(match.positions.map((at) => text[at]?.toLowerCase()).join('')).toBe(query.toLowerCase());
      expect(match.positions).toEqual([...match.positions].sort((a, b) => a - b));
    }),
  );
});

test('100,000 paths are searched without a hitch', () => {
  const paths = Array.from(
    { length: 100_000 },
    (_, at) => `packages/part-${at % 300}/src/feature-${at}/component-${at % 77}.test.ts`,
  );
  expect(cpuSeconds(() => paths.map((path) => fuzzyMatch('partcomp', path)))).toBeLessThan(3);
});

test('an empty query is found in every text', () => {
  expect(fuzzyMatch('', 'anything')).toEqual({ score: 0, positions: [] });
  expect(fuzzyMatch('', '')).toEqual({ score: 0, positions: [] });
});

test.each([
  ['abc', 'abd'],
  ['aa', 'a'],
  ['a', ''],
  ['long query', 'long'],
  ['ab', 'ba'],
  [' ', 'none'],
])('%j is not in %j', (query, text) => {
  expect(fuzzyMatch(query, text)).toBeNull();
});

test.each([
  ['abc', 'abc', [0, 1, 2]],
  ['ABC', 'abc', [0, 1, 2]],
  ['abc', 'ABC', [0, 1, 2]],
  ['gp', 'getPosition', [0, 3]],
  ['rt', 'src/run-turn.ts', [4, 8]],
  ['ts', 'src/test/a.ts', [11, 12]],
  ['a', 'src/a.ts', [4]],
  ['漢', 'x漢字', [1]],
  ['é', 'CAFÉ', [3]],
  ['sa', 'src/a', [0, 4]],
  ['dir', 'src/dir/', [4, 5, 6]],
])('%j is in %j at %j', (query, text, positions) => {
  expect(fuzzyMatch(query, text)?.positions).toEqual(positions);
});

test('letters of which the small one is longer don’t hide a file', () => {
  expect(fuzzyMatch('stanbul', 'docs/İstanbul.md')?.positions).toEqual([6, 7, 8, 9, 10, 11, 12]);
  expect(fuzzyMatch('İ', 'docs/İstanbul.md')?.positions).toEqual([5]);
  expect(fuzzyMatch('md', 'İİİ/𝒜.md')?.positions).toEqual([7, 8]);
});

test.each([
  ['upd', ['docs/updates/old.md', 'src/update.ts'], 'src/update.ts'],
  ['st', ['src/test.ts', 'state.ts', 'last.ts'], 'state.ts'],
  ['README', ['readme.txt', 'README.txt'], 'README.txt'],
  ['kc', ['knock.ts', 'key-codes.ts'], 'key-codes.ts'],
  ['index', ['src/a/b/c/index.ts', 'src/index.ts', 'index-of-things.ts/x'], 'src/index.ts'],
  ['compact', ['com-pa-ct', 'compact'], 'compact'],
])('for %j the best of %j is %s', (query, texts, first) => {
  expect(ranked(query, texts)[0]).toBe(first);
});

test('the same letters in the case that was typed are better, and the other case is found', () => {
  const score = (query: string, text: string) => fuzzyMatch(query, text)?.score ?? Number.NaN;
  expect(score('View', 'View')).toBeGreaterThan(score('View', 'view'));
  expect(score('view', 'view')).toBeGreaterThan(score('view', 'VIEW'));
});

test('texts of any length are searched', () => {
  expect(fuzzyMatch('zq', `${'z'.repeat(20_000)}q`)?.positions).toHaveLength(2);
  expect(fuzzyMatch('name', `${'deep/'.repeat(1_000)}name.ts`)?.positions).toHaveLength(4);
});

test('a text that contains the letters in their order is always found, and no other is', () => {
  const letter = fc.constantFrom('a', 'b', 'A', '/', '-', '.', 'İ', '漢');
  fc.assert(
    fc.property(
      fc.array(letter, { minLength: 1, maxLength: 4 }),
      fc.array(letter, { maxLength: 12 }),
      (letters, own) => {
        const [query, text] = [letters.join(''), own.join('')];
        let from = 0;
        const isIn = Array.from(query).every((one) => {
          const at =
            text.toLowerCase().length === text.length ? text.toLowerCase().indexOf(one.toLowerCase(), from) : -2;
          const found = at === -2 ? own.findIndex((other, index) => index >= from && same(one, other)) : at;
          from = found + 1;
          return found >= 0;
        });
        expect(fuzzyMatch(query, text) !== null).toBe(isIn);
      },
    ),
  );
});

function same(a: string, b: string): boolean {
  return a === b || (a.length === a.toLowerCase().length && a.toLowerCase() === b.toLowerCase());
}
