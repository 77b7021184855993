import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fuzzyMatch } from '../../../src/surfaces/text/fuzzy.ts';

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
  const started = process.cpuUsage();
  for (const path of paths) fuzzyMatch('partcomp', path);
  // Microseconds of the processor, which other processes don't add to.
  expect(process.cpuUsage(started).user).toBeLessThan(3_000_000);
});
