import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { originOf, valueAt } from '../../../../src/storage/config/index.ts';
import { isTable, type Layer, merge, mergeLayers, readLayer } from '../../../../src/storage/config/layers/layer.ts';

const layer = (name: string, table: Layer['table'], text: string | null = null): Layer => ({ name, table, text });

describe('layers of settings', () => {
  it.each<[string, Layer['table'], Layer['table'], Layer['table']]>([
    ['a value replaces one', { a: 1 }, { a: 2 }, { a: 2 }],
    ['tables are merged', { t: { a: 1, b: 1 } }, { t: { b: 2 } }, { t: { a: 1, b: 2 } }],
    ['at any depth', { t: { u: { a: 1 } } }, { t: { u: { b: 2 } } }, { t: { u: { a: 1, b: 2 } } }],
    ['lists are replaced as a whole', { l: [1, 2] }, { l: [3] }, { l: [3] }],
    ['an empty list empties one', { l: [1] }, { l: [] }, { l: [] }],
    ['a value replaces a table', { t: { a: 1 } }, { t: 'x' }, { t: 'x' }],
    ['a table replaces a value', { t: 'x' }, { t: { a: 1 } }, { t: { a: 1 } }],
    ['an empty table changes nothing', { t: { a: 1 } }, { t: {} }, { t: { a: 1 } }],
    ['a date is a value', { d: { a: 1 } }, { d: new Date(0) }, { d: new Date(0) }],
    ['false and zero replace', { a: true, b: 5 }, { a: false, b: 0 }, { a: false, b: 0 }],
  ])('%s', (_, base, over, merged) => {
    expect(merge(base, over)).toEqual(merged);
  });

  const value: fc.Arbitrary<unknown> = fc.oneof(fc.integer(), fc.boolean(), fc.string(), fc.array(fc.integer()));
  const table = fc.letrec<{ table: Layer['table']; node: unknown }>((tie) => ({
    table: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), tie('node'), { maxKeys: 4 }),
    node: fc.oneof({ depthSize: 'small' }, value, tie('table')),
  })).table;

  it('are merged so that each value is that of the last layer which has it', () => {
    fc.assert(
      fc.property(table, table, (base, over) => {
        const merged = merge(base, over);
        for (const key of ['a', 'b', 'c', '__proto__', 'constructor']) {
          const [one, two, both] = [base, over, merged].map((each) => valueAt(each, [key]));
          if (two === undefined) expect(both).toEqual(one);
          else if (!isTable(one) || !isTable(two)) expect(both).toEqual(two);
          else expect(both).toEqual(merge(one, two));
        }
      }),
    );
  });

  it('change nothing by being merged, twice or with nothing', () => {
    fc.assert(
      fc.property(table, table, (base, over) => {
        const before = JSON.stringify([base, over]);
        const merged = merge(base, over);
        expect(merge(merged, over)).toEqual(merged);
        expect(merge(base, {})).toEqual(base);
        expect(merge({}, over)).toEqual(over);
        expect(JSON.stringify([base, over])).toBe(before);
      }),
    );
  });

  it('are merged in groups as one after the other', () => {
    fc.assert(
      fc.property(table, table, table, (a, b, c) => {
        fc.pre([a, b, c].every((each) => !JSON.stringify(each).includes('[') || true));
        const inOrder = mergeLayers([layer('a', a), layer('b', b), layer('c', c)]);
        expect(inOrder).toEqual(merge(merge(a, b), c));
      }),
    );
  });
});

describe('where a setting comes from', () => {
  const TEXT = `# comment: model = "x"
model = "m"
"quoted key" = 1
 spaced = 2
[tui]
theme = "dark"
[ tui . keymap ]
submit = "enter"
[[skills.config]]
path = "/a"
[projects."/w.x/y"]
trust_level = "trusted"
dotted.key = 3
`;
  const file = layer(
    '/c.toml',
    {
      model: 'm',
      'quoted key': 1,
      spaced: 2,
      tui: { theme: 'dark', keymap: { submit: 'enter' } },
      skills: { config: [{ path: '/a' }] },
      projects: { '/w.x/y': { trust_level: 'trusted', dotted: { key: 3 } } },
    },
    TEXT,
  );

  it.each<[string[], string]>([
    [['model'], '/c.toml:2'],
    [['spaced'], '/c.toml:4'],
    [['tui'], '/c.toml:5'],
    [['tui', 'theme'], '/c.toml:6'],
    [['tui', 'keymap', 'submit'], '/c.toml:8'],
    [['skills', 'config'], '/c.toml:9'],
    [['projects', '/w.x/y', 'trust_level'], '/c.toml:12'],
    [['projects', '/w.x/y', 'dotted', 'key'], '/c.toml:13'],
    [['skills', 'config', '0', 'path'], '/c.toml:9'],
  ])('%j is at %s', (path, origin) => {
    expect(originOf([file], path)).toBe(origin);
  });

  it('is the last layer that has it', () => {
    const layers = [file, layer('profile p', { model: 'n' }), layer('-c', { tui: { vim: true } })];
    expect(originOf(layers, ['model'])).toBe('profile p');
    expect(originOf(layers, ['tui', 'vim'])).toBe('-c');
    expect(originOf(layers, ['tui', 'theme'])).toBe('/c.toml:6');
    expect(originOf(layers, ['review_model'])).toBe('default');
    expect(originOf([], ['model'])).toBe('default');
  });
});

describe('a file of settings', () => {
  it('that is not there is no layer', async () => {
    expect(await readLayer('/x', () => null)).toBeNull();
    const missing = Object.assign(new Error('x'), { code: 'ENOENT' });
    expect(
      await readLayer('/x', () => {
        throw missing;
      }),
    ).toBeNull();
  });

  it('that can\u2019t be read is an error that says why', async () => {
    const reading = readLayer('/x', () => {
      throw Object.assign(new Error('EIO: broken'), { code: 'EIO' });
    });
    await expect(reading).rejects.toMatchObject({ kind: 'invalidConfig', message: "/x can't be read: EIO: broken" });
  });

  it('that is no TOML is an error with its place, and without the secrets in the lines around it', async () => {
    const text = 'model = "m"\napi_key = "sesame-street"\nbroken\n';
    const reading = readLayer('/x', () => text);
    await expect(reading).rejects.toThrow(/^\/x:3:\d+: /);
    await expect(readLayer('/x', () => text)).rejects.not.toThrow('sesame');
  });

  it.each(['', '# only a comment', '\n\n\r\n'])('may be empty: %j', async (text) => {
    expect(await readLayer('/x', () => text)).toEqual({ name: '/x', table: {}, text });
  });
});
