import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordTable } from '../../../../src/storage/config/index.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const home = freshDirectory();
const repo = freshDirectory();
const text = () => readFileSync(join(home.path, 'config.toml'), 'utf8');
const notes = ['mcp_servers', 'notes'] as const;
const NOTES = '[mcp_servers.notes]\ncommand = "notes"\n';

const FILE = `# mine
model = "m" # why

# the tracker
[mcp_servers.tracker]
url = "https://tracker.example/mcp"
# [mcp_servers.notes] was here
[mcp_servers.tracker.http_headers]
"X-A" = "b"   # kept

[tui]
vim = true
`;

test('a table that is added and removed leaves every other byte as it was', async () => {
  home.write({ 'config.toml': FILE });
  expect(await recordTable(home.path, { path: notes, table: { command: 'notes' } })).toBe(true);
  expect(text()).toBe(`${FILE}\n${NOTES}`);
  expect(await recordTable(home.path, { path: notes, table: null })).toBe(true);
  expect(text()).toBe(FILE);
  expect(await recordTable(home.path, { path: notes, table: null })).toBe(false);
});

test('a table replaces the one of its name, with the tables below it, in its place', async () => {
  home.write({ 'config.toml': FILE });
  await recordTable(home.path, {
    path: ['mcp_servers', 'tracker'],
    table: { url: 'https://b.example', http_headers: { Y: 'z' } },
  });
  expect(text()).toBe(`# mine
model = "m" # why

# the tracker
[mcp_servers.tracker]
url = "https://b.example"

[mcp_servers.tracker.http_headers]
Y = "z"
# [mcp_servers.notes] was here

[tui]
vim = true
`);
});

test('a comment above the next table is not the removed table\u2019s', async () => {
  home.write({ 'config.toml': `[mcp_servers."notes"]\nargs = [\n  "a",\n]\n\n# looks\n[tui]\nvim = true\n` });
  await recordTable(home.path, { path: notes, table: null });
  expect(text()).toBe('# looks\n[tui]\nvim = true\n');
});

test.each([
  ['an inline table', 'mcp_servers = { notes = { command = "a" } }\n'],
  ['dotted keys', 'mcp_servers.notes.command = "a"\n'],
  ['its heading within a text', 'x = """\n[mcp_servers.notes]\n"""\n'],
])('a file with %s is left as it is', async (_, before) => {
  home.write({ 'config.toml': before });
  const recorded = recordTable(home.path, { path: notes, table: { command: 'b' } });
  await expect(recorded).rejects.toMatchObject({ kind: 'invalidConfig' });
  expect(text()).toBe(before);
});

test('a file of a project keeps its mode, one of the user\u2019s own is for them alone', async () => {
  repo.write({ '.keel/config.toml': FILE });
  home.write({ 'config.toml': FILE });
  chmodSync(join(repo.path, '.keel/config.toml'), 0o664);
  const place = join(repo.path, '.keel');
  await recordTable(place, { path: notes, table: { command: 'notes' }, project: repo.path });
  expect(statSync(join(place, 'config.toml')).mode & 0o777).toBe(0o664);
  expect(readFileSync(join(place, 'config.toml'), 'utf8')).toBe(`${FILE}\n${NOTES}`);
  await recordTable(home.path, { path: notes, table: { command: 'notes' } });
  expect(statSync(join(home.path, 'config.toml')).mode & 0o777).toBe(0o600);
});

test('a link under the name of an earlier draft is not written through', async () => {
  repo.write({ '.keel/config.toml': FILE });
  home.write({ victim: 'untouched' });
  const place = join(repo.path, '.keel');
  symlinkSync(join(home.path, 'victim'), join(place, `config.toml.${process.pid}.new`));
  await recordTable(place, { path: notes, table: { command: 'notes' }, project: repo.path });
  expect(readFileSync(join(home.path, 'victim'), 'utf8')).toBe('untouched');
  expect(readFileSync(join(place, 'config.toml'), 'utf8')).toBe(`${FILE}\n${NOTES}`);
});

test.each(['a link to another file', 'a link to another folder'])('%s leads nothing out of a project', async (what) => {
  if (what.endsWith('file')) {
    repo.write({ '.keel/other': '' });
    symlinkSync(join(home.path, 'config.toml'), join(repo.path, '.keel/config.toml'));
  } else symlinkSync(home.path, join(repo.path, '.keel'));
  const change = { path: notes, table: { command: 'notes' }, project: repo.path };
  await expect(recordTable(join(repo.path, '.keel'), change)).rejects.toMatchObject({ kind: 'storageFailed' });
  expect(existsSync(join(home.path, 'config.toml'))).toBe(false);
});

test('a link to the user\u2019s own file stays one', async () => {
  home.write({ 'dotfiles/keel.toml': FILE });
  symlinkSync('dotfiles/keel.toml', join(home.path, 'config.toml'));
  await recordTable(home.path, { path: notes, table: { command: 'notes' } });
  expect(readFileSync(join(home.path, 'dotfiles/keel.toml'), 'utf8')).toBe(`${FILE}\n${NOTES}`);
});

test.each(['mcp_servers = { notes = { command = "notes" } }\n', 'mcp_servers.notes = { command = "notes" }\n'])(
  'a table that is written in a line can\u2019t be removed, and that is not taken for success: %s',
  async (before) => {
    home.write({ 'config.toml': before });
    await expect(recordTable(home.path, { path: notes, table: null })).rejects.toMatchObject({ kind: 'invalidConfig' });
    expect(text()).toBe(before);
  },
);
