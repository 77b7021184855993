import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overridesOf, valueAt } from '../../../../src/storage/config/index.ts';
import { overrideLayer } from '../../../../src/storage/config/layers/overrides.ts';

const tableOf = async (...overrides: string[]) => (await overrideLayer(overrides)).table;

describe('settings of the command line', () => {
  it.each<[string, unknown]>([
    ['a=1', { a: 1 }],
    ['a=1.5', { a: 1.5 }],
    ['a=true', { a: true }],
    ['a="x"', { a: 'x' }],
    ["a='x'", { a: 'x' }],
    ['a=x', { a: 'x' }],
    ['a=', { a: '' }],
    ['a = x ', { a: 'x' }],
    ['a=two words', { a: 'two words' }],
    ['a=["x", "y"]', { a: ['x', 'y'] }],
    ['a={ b = 1 }', { a: { b: 1 } }],
    ['a=b=c', { a: 'b=c' }],
    ['a."b.c".d=1', { a: { 'b.c': { d: 1 } } }],
    ["a.'b=c'=1", { a: { 'b=c': 1 } }],
    ['a.b=1', { a: { b: 1 } }],
    [' a . b =1', { a: { b: 1 } }],
    ['a="unfinished', { a: 'unfinished' }],
    ['a=/usr/bin:/bin', { a: '/usr/bin:/bin' }],
    ['a=2026-01-02', { a: '2026-01-02' }],
    ['a=1 # why', { a: 1 }],
    ['a=1\n[b]', { a: '1\n[b]' }],
    ['a="two\nlines"', { a: 'two\nlines' }],
    ['a=1\nb=2', { a: '1\nb=2' }],
    ['größe=ü', { größe: 'ü' }],
  ])('%j sets %j', async (override, table) => {
    const read = await tableOf(override);
    expect(JSON.stringify(read)).toBe(JSON.stringify(table));
  });

  it.each(['', '=', '=x', 'model', '   =x'])('%j is none', async (override) => {
    await expect(tableOf(override)).rejects.toThrow(`-c ${override}: a setting has the form key=value`);
  });

  it('are merged in order', async () => {
    expect(await tableOf('a.b=1', 'a.c=2', 'a.b=3', 'd=4')).toEqual({ a: { b: 3, c: 2 }, d: 4 });
    expect(await tableOf('a.b=1', 'a=2')).toEqual({ a: 2 });
  });
});

describe('settings of a client as those of the command line', () => {
  it.each<[Record<string, unknown>, string[]]>([
    [{}, []],
    [{ a: 1, b: 'x', c: true, d: [1, 'y'] }, ['a=1', 'b="x"', 'c=true', 'd=[1,"y"]']],
    [{ a: null, b: undefined }, []],
    [{ a: { b: { c: 1 } } }, ['a.b.c=1']],
    [{ 'a.b': 1 }, ['a.b=1']],
    [{ a: { 'b.c': 1 } }, ['a."b.c"=1']],
    [{ 'a b': 1 }, ['"a b"=1']],
    [{ a: {} }, []],
  ])('%j', (settings, overrides) => {
    expect(overridesOf(settings)).toEqual(overrides);
  });

  it('say the same, whatever the names and values', async () => {
    const name = fc
      .oneof(
        fc.constantFrom('model', 'a-b', 'x.y', 'a b', 'größe', '/w/x', 'a=b', '__proto__'),
        fc.string({ minLength: 1 }),
      )
      // JSON writes these in a way that the command line does not read back, and no name has them.
      .filter((text) => !/["\\'\n\r\t]/.test(text) && !/\p{Cc}/u.test(text) && text.trim() === text);
    const leaf = fc.oneof(
      fc.integer({ min: -9_999, max: 9_999 }),
      fc.boolean(),
      fc.string({ unit: fc.constantFrom('a', ' ', '=', '.', "'", '"', '\\', '\n', 'é', '😀', '$', '#') }),
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(name, name, leaf, async (outer, inner, value) => {
        const { table } = await overrideLayer(overridesOf({ settings: { [outer]: { [inner]: value } } }));
        expect(valueAt(table, ['settings', outer, inner])).toEqual(value);
      }),
      { numRuns: 60 },
    );
  });
});
