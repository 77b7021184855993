import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { linesOf, scanToml } from '../../../../src/storage/config/record/toml-lines.ts';

/** What was found in a text: `path @ start-end`, with the section in front where there is one. */
function found(text: string) {
  const { items, sections } = scanToml(linesOf(text), parse);
  return {
    items: items.map(({ path, start, end }) => `${path.join('/')} @ ${start}-${end}`),
    sections: sections.map(({ path, start, end, isList }) => `${isList ? '*' : ''}${path.join('/')} @ ${start}-${end}`),
  };
}

describe('the lines of a TOML file', () => {
  test.each<[string, string, string[], string[]]>([
    ['nothing', '', [], []],
    ['comments alone', '# a = 1\n\n# [b]\n', [], []],
    ['a key', 'model = "x"\n', ['model @ 0-1'], []],
    ['dotted and quoted keys', 'a.b = 1\n"c.d".e = 2\n\'f\' = 3\n', ['a/b @ 0-1', 'c.d/e @ 1-2', 'f @ 2-3'], []],
    ['a table', '[t]\nx = 1\ny = 2\n', ['t/x @ 1-2', 't/y @ 2-3'], ['t @ 0-3']],
    [
      'tables in tables',
      '[a.b]\nx = 1\n[a."c d"]\ny = 2\n',
      ['a/b/x @ 1-2', 'a/c d/y @ 3-4'],
      ['a/b @ 0-2', 'a/c d @ 2-4'],
    ],
    ['a list of tables', '[[m]]\nx = 1\n[[m]]\nx = 2\n', ['m/x @ 1-2', 'm/x @ 3-4'], ['*m @ 0-2', '*m @ 2-4']],
    ['a list over several lines', 'a = [\n  "[b]",\n  "c = 1",\n]\nd = 2\n', ['a @ 0-4', 'd @ 4-5'], []],
    ['a text over several lines', 'a = """\n[b]\nc = 1\n"""\nd = 2\n', ['a @ 0-4', 'd @ 4-5'], []],
    ['a literal text over several lines', "a = '''\n[b]\n'''\nd = 2\n", ['a @ 0-3', 'd @ 3-4'], []],
    ['an inline table', 'a = { b = 1, c = { d = 2 } }\n', ['a @ 0-1'], []],
    ['a sign in a key', '"a=b" = 1\n"c[d" = 2\n', ['a=b @ 0-1', 'c[d @ 1-2'], []],
    ['comments behind values', 'a = 1 # b = 2\n[t] # heading\nc = 3\n', ['a @ 0-1', 't/c @ 2-3'], ['t @ 1-3']],
    [
      'comments of the next table',
      '[a]\nx = 1\n\n# about b\n[b]\ny = 1\n',
      ['a/x @ 1-2', 'b/y @ 5-6'],
      ['a @ 0-2', 'b @ 4-6'],
    ],
    ['a table without values', '[a]\n[b]\ny = 1\n', ['b/y @ 2-3'], ['a @ 0-1', 'b @ 1-3']],
    ['an indented key', '  a = 1\n', ['a @ 0-1'], []],
    ['a line without a last newline', 'a = 1', ['a @ 0-1'], []],
    ['a name of every object', '[constructor]\ntoString = 1\n', ['constructor/toString @ 1-2'], ['constructor @ 0-2']],
  ])('are found with %s', (_, text, items, sections) => {
    expect(found(text)).toEqual({ items, sections });
  });

  test.each([
    ['a value without an end', 'a = [\n1,\nb = 2\n'],
    ['a heading without an end', '[a\nb = 2\n'],
    ['words', 'this is no TOML\nb = 2\n'],
    ['a key without a value', 'a =\nb = 2\n'],
  ])('after %s are found all the same', (_, text) => {
    expect(found(text).items.at(-1)).toMatch(/^b @ 2-3|^b @ 1-2/);
  });

  test('of a value that never ends are looked through in bounded time', () => {
    const text = `a = [\n${'1,\n'.repeat(3_000)}`;
    expect(found(text).items[0]).toBe('a @ 0-1');
  });
});
