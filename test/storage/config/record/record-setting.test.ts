import { lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordSettings } from '../../../../src/storage/config/index.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const home = freshDirectory();
const text = () => readFileSync(join(home.path, 'config.toml'), 'utf8');
const theme = { table: ['tui'], key: 'theme', value: 'light' } as const;
const model = { table: [], key: 'model', value: 'gpt-5' } as const;

test.each([
  ['', 'model = "gpt-5"\n', model],
  ['# mine\nmodel = "old" # why\n\n[tui]\nvim = true\n', '# mine\nmodel = "gpt-5"\n\n[tui]\nvim = true\n', model],
  ['[tui]\nvim = true\n', 'model = "gpt-5"\n[tui]\nvim = true\n', model],
  ['', '[tui]\ntheme = "light"\n', theme],
  ['a_key = 1 # kept\n', 'a_key = 1 # kept\n\n[tui]\ntheme = "light"\n', theme],
  [
    '[tui]\n# colours\ntheme = "dark"\n[other]\ntheme = "x"\n',
    '[tui]\n# colours\ntheme = "light"\n[other]\ntheme = "x"\n',
    theme,
  ],
  ['[tui] # looks\nvim = true\n', '[tui] # looks\ntheme = "light"\nvim = true\n', theme],
  [
    'model = "m"\nmodel_reasoning_effort = "high"\n',
    'model = "m"\n',
    { table: [], key: 'model_reasoning_effort', value: null },
  ],
])('%j becomes %j', async (before, after, setting) => {
  home.write({ 'config.toml': before });
  await recordSettings(home.path, [setting]);
  expect(text()).toBe(after);
});

test.each([
  ['an inline table', 'tui = { theme = "dark" }\n', theme],
  ['a dotted key', 'tui.theme = "dark"\n', theme],
  ['a text of several lines that looks like the setting', 'x = """\nmodel = "in a text"\n"""\n', model],
])('a file with %s is left as it is', async (_, before, setting) => {
  home.write({ 'config.toml': before });
  await expect(recordSettings(home.path, [setting])).rejects.toMatchObject({ kind: 'invalidConfig' });
  expect(text()).toBe(before);
});

test('a link to the file stays one', async () => {
  home.write({ 'dotfiles/keel.toml': 'model = "old"\n' });
  symlinkSync(join(home.path, 'dotfiles/keel.toml'), join(home.path, 'config.toml'));
  await recordSettings(home.path, [model]);
  expect(lstatSync(join(home.path, 'config.toml')).isSymbolicLink()).toBe(true);
  expect(text()).toBe('model = "gpt-5"\n');
});
