import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordValues } from '../../../src/storage/config/index.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const home = freshDirectory();
const text = () => readFileSync(join(home.path, 'config.toml'), 'utf8');
const noCheck = () => Promise.resolve();
const record = (path: string, value: unknown, check = noCheck) =>
  recordValues(home.path, () => [{ path: path.split('/'), value }], check);

test.each<[string, string, string, unknown]>([
  ['', 'model = "m"\n', 'model', 'm'],
  [
    '# mine\n\n[tui]\nvim = true\n',
    'hide_agent_reasoning = true\n# mine\n\n[tui]\nvim = true\n',
    'hide_agent_reasoning',
    true,
  ],
  ['x = [\n  "a", # one\n  "b",\n]\ny = 1\n', 'x = [ "c" ]\ny = 1\n', 'x', ['c']],
  ['x = """\ny = 1\n"""\n', 'x = """\ny = 1\n"""\n\n[y]\nz = 2\n', 'y', { z: 2 }],
  ['[tui]\n# looks\ntheme = "dark"\n\n# other\n[b]\n', '[tui]\n# looks\n\n# other\n[b]\n', 'tui/theme', null],
  ['tui.theme = "dark"\n', 'tui.theme = "light"\n', 'tui/theme', 'light'],
  ['[a]\nx = 1\n[a.b]\nc = 1\n[a.b.d]\ne = 1\n# next\n[f]\n', '[a]\nx = 1\n# next\n[f]\n', 'a/b', null],
  ['[a.b]\nc = 1\n# next\n[f]\n', '[a.b]\nd = 2\n# next\n[f]\n', 'a/b', { d: 2 }],
  ['a = 1\n', 'a = 1\n\n[projects."/x.y"]\ntrust_level = "trusted"\n', 'projects|/x.y|trust_level', 'trusted'],
  ['[[s.config]]\npath = "x"\n\n[b]\n', '\n[b]\n', 's/config', null],
  ['[a]\n', '[a]\nlist = [ 1, 2 ]\n', 'a/list', [1, null, 2]],
])('%j becomes %j', async (before, after, path, value) => {
  home.write({ 'config.toml': before });
  const parts = path.split(path.includes('|') ? '|' : '/');
  await recordValues(home.path, () => [{ path: parts, value }], noCheck);
  expect(text()).toBe(after);
});

test.each<[string, string, string, unknown]>([
  ['an inline table', 'tui = { theme = "dark" }\n', 'tui/theme', 'light'],
  ['a list of tables', '[[a]]\nb = 1\n[[a]]\nb = 2\n', 'a/b', 3],
  ['a value in the place of a table', 'a = 1\n', 'a/b', 3],
])('a file with %s is left as it is', async (_, before, path, value) => {
  home.write({ 'config.toml': before });
  await expect(record(path, value)).rejects.toMatchObject({ kind: 'invalidConfig' });
  expect(text()).toBe(before);
});

test('several values are written, or none', async () => {
  home.write({ 'config.toml': 'a = 1\n' });
  const edits = [
    { path: ['a'], value: 2 },
    { path: ['b', 'c'], value: 'x' },
  ];
  await recordValues(home.path, () => edits, noCheck);
  expect(text()).toBe('a = 2\n\n[b]\nc = "x"\n');
  const refused = recordValues(
    home.path,
    () => [{ path: ['a'], value: 3 }],
    () => Promise.reject(new Error('no')),
  );
  await expect(refused).rejects.toThrow('no');
  expect(text()).toBe('a = 2\n\n[b]\nc = "x"\n');
});
