import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OpenPages } from '../../../src/models/mcp/server-words.ts';

describe('the pages that a server asked to open', () => {
  test('are each reported as done by their name, once, and others stay open', () => {
    const pages = new OpenPages();
    const [one, two] = [pages.opened('one'), pages.opened('two')];
    pages.completed('one');
    pages.completed('one');
    expect([one.aborted, two.aborted]).toEqual([true, false]);
  });

  test('that share a name: the newest is meant', () => {
    const pages = new OpenPages();
    const [older, newer] = [pages.opened('same'), pages.opened('same')];
    pages.completed('same');
    expect([older.aborted, newer.aborted]).toEqual([false, true]);
  });

  test.each([undefined, null, 7, {}, ['e1']])('without a name that is text (%j) never are', (name) => {
    const pages = new OpenPages();
    const page = pages.opened(name);
    for (const said of ['', 'undefined', '7', 'e1']) pages.completed(said);
    expect(page.aborted).toBe(false);
  });

  test('are remembered up to a hundred, the newest of them', () => {
    const names = fc.uniqueArray(fc.string(), { minLength: 90, maxLength: 130 });
    fc.assert(
      fc.property(names, (opened) => {
        const pages = new OpenPages();
        const signals = opened.map((name) => pages.opened(name));
        for (const name of opened) pages.completed(name);
        expect(signals.map(({ aborted }) => aborted)).toEqual(opened.map((_, at) => at >= opened.length - 100));
      }),
      { numRuns: 20 },
    );
  });
});
