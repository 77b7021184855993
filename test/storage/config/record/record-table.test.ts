import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recordTable } from '../../../../src/storage/config/index.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const home = freshDirectory();
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
