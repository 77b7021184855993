import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parse, type TomlTable } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { KeelError } from '../../../../src/foundation/protocol/index.ts';
import { recordSettings, recordTable, recordTrust, recordValues } from '../../../../src/storage/config/index.ts';
import { tempDir } from '../../../support/temp-dir.ts';

/** Pieces of files as people write them. Each table and each key is there once at most. */
const TOP = [
  'model = "m" # why\n',
  'notify = [\n  "sh", # first\n  "-c",\n]\n',
  "path = 'C:\\x'\n",
  'text = """\n[tui]\ntheme = "in a text"\n"""\n',
  '"quoted key" = 1\n',
  'inline = { a = 1, b = "x" }\n',
  'tui.vim = true\n',
  '# model = "comment"\n',
  '\n',
];
const TABLES = [
  '[tui]\n# looks\ntheme = "dark"\n',
  '[ features ]\nundo = true\n',
  '[mcp_servers.notes]\ncommand = "notes"\nargs = [\n  "a",\n]\n',
  '[mcp_servers.notes.env]\nA = "1"\n',
  '[mcp_servers."x.y"]\nurl = "u"\n',
  '[projects."/w.x"]\ntrust_level = "trusted"\n',
  '[[skills.config]]\npath = "/a"\n',
  '# at the end\n',
];
const files = fc
  .tuple(fc.subarray(TOP), fc.subarray(TABLES), fc.boolean())
  .map(([top, tables, hasLastEnd]) => [...top, ...tables].join('').slice(0, hasLastEnd ? undefined : -1))
  .filter((text) => {
    try {
      parse(text);
      return true;
    } catch {
      // Pieces that don't go together.
      return false;
    }
  });

const path = fc.constantFrom<readonly string[]>(
  ['model'],
  ['tui', 'theme'],
  ['tui', 'vim'],
  ['features', 'undo'],
  ['mcp_servers', 'notes', 'command'],
  ['mcp_servers', 'notes'],
  ['mcp_servers', 'x.y', 'url'],
  ['projects', '/w.x', 'trust_level'],
  ['projects', '/new "quoted" \\ place', 'trust_level'],
  ['new'],
  ['new', 'deep', 'er'],
  ['inline', 'a'],
  ['text'],
  ['notify'],
);
const value = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    7,
    1.5,
    '',
    'x',
    'a "quoted" \\ line\nand another',
    'größe 😀',
    '[tui]',
    '# no comment',
  ),
  fc.constantFrom<unknown>([], [1, 2], ['a', 'b'], { a: 1 }, { a: { b: [true] } }, {}),
);

function valueIn(table: unknown, at: readonly string[]): unknown {
  return at.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null && key in inner ? (inner as TomlTable)[key] : undefined,
    table,
  );
}

/** All values of a table but those at a path, with tables that are empty by that left out. */
function others(table: TomlTable, at: readonly string[]): unknown {
  const [first = '', ...rest] = at;
  const { [first]: inner, ...all } = table;
  if (rest.length === 0 || inner === undefined || typeof inner !== 'object' || Array.isArray(inner)) return all;
  const below = others(inner as TomlTable, rest) as object;
  return Object.keys(below).length === 0 ? all : { ...all, [first]: below };
}

const comments = (text: string) => text.split('\n').filter((line) => /^\s*#/.test(line));

describe('a value that is written into a file of settings', () => {
  test('is there, and every other value and comment stays; or the file is left as it is', async () => {
    using home = tempDir();
    const config = join(home.path, 'config.toml');
    await fc.assert(
      fc.asyncProperty(files, path, value, async (before, at, wanted) => {
        home.write({ 'config.toml': before });
        try {
          await recordValues(
            home.path,
            () => [{ path: at, value: wanted }],
            () => Promise.resolve(),
          );
        } catch (error) {
          expect(error).toMatchObject({ kind: 'invalidConfig' });
          expect(readFileSync(config, 'utf8')).toBe(before);
          return;
        }
        const text = readFileSync(config, 'utf8');
        const after = parse(text);
        expect(valueIn(after, at)).toEqual(wanted === null ? undefined : wanted);
        expect(others(after, at)).toEqual(others(parse(before), at));
        if (!at.includes('text') && !at.includes('notes')) expect(comments(text)).toEqual(comments(before));
      }),
      { numRuns: 250 },
    );
  });

  test('that is written again changes nothing more', async () => {
    using home = tempDir();
    const config = join(home.path, 'config.toml');
    await fc.assert(
      fc.asyncProperty(files, path, value, async (before, at, wanted) => {
        const write = () =>
          recordValues(
            home.path,
            () => [{ path: at, value: wanted }],
            () => Promise.resolve(),
          );
        home.write({ 'config.toml': before });
        try {
          await write();
        } catch (error) {
          if (error instanceof KeelError) return;
          throw error;
        }
        const once = readFileSync(config, 'utf8');
        await write();
        expect(parse(readFileSync(config, 'utf8'))).toEqual(parse(once));
      }),
      { numRuns: 80 },
    );
  });
});

describe('trust that is written for a folder', () => {
  test.each(['/w', '/w.x/y', '/w x/"q"', '/größe/😀', "/it's", '/back\\slash', '/tab\tand\nline'])(
    '%j',
    async (folder) => {
      using home = tempDir();
      await recordTrust(home.path, folder, 'trusted');
      await recordTrust(home.path, folder, 'untrusted');
      await recordTrust(home.path, '/other', 'trusted');
      expect(parse(readFileSync(join(home.path, 'config.toml'), 'utf8'))).toEqual({
        projects: { [folder]: { trust_level: 'untrusted' }, '/other': { trust_level: 'trusted' } },
      });
    },
  );
});

describe('the file', () => {
  test('is made with its home, for the user alone, and nothing else is left beside it', async () => {
    using dir = tempDir();
    const home = join(dir.path, 'new', 'home');
    await recordSettings(home, [{ table: [], key: 'model', value: 'm' }]);
    expect(statSync(join(home, 'config.toml')).mode & 0o777).toBe(0o600);
    expect(readdirSync(home)).toEqual(['config.toml']);
  });

  test('is not made where there is nothing to change', async () => {
    using home = tempDir();
    await recordSettings(home.path, [{ table: ['tui'], key: 'theme', value: null }]);
    expect(await recordTable(home.path, { path: ['mcp_servers', 'x'], table: null })).toBe(false);
    expect(existsSync(join(home.path, 'config.toml'))).toBe(false);
  });

  test('stays as it is when it is no TOML', async () => {
    using home = tempDir();
    home.write({ 'config.toml': 'model = \n' });
    await expect(recordSettings(home.path, [{ table: [], key: 'model', value: 'm' }])).rejects.toThrow();
    await expect(recordTable(home.path, { path: ['a', 'b'], table: { c: 1 } })).rejects.toThrow();
    expect(readFileSync(join(home.path, 'config.toml'), 'utf8')).toBe('model = \n');
  });

  test('names in its refusal what to change by hand', async () => {
    using home = tempDir();
    home.write({ 'config.toml': 'tui = { theme = "dark" }\n' });
    const values = recordValues(
      home.path,
      () => [{ path: ['tui', 'a b'], value: 1 }],
      () => Promise.resolve(),
    );
    await expect(values).rejects.toThrow('change tui."a b" there');
    const setting = recordSettings(home.path, [{ table: ['tui'], key: 'theme', value: 'light' }]);
    await expect(setting).rejects.toThrow('change tui.theme there');
  });

  test('keeps the line ends of Windows, and its comments', async () => {
    using home = tempDir();
    const before = 'model = "a"\r\n# why\r\nreview_model = "b"\r\n[tui]\r\nvim = true\r\n';
    const text = () => readFileSync(join(home.path, 'config.toml'), 'utf8');
    for (const write of [
      () => recordSettings(home.path, [{ table: [], key: 'model', value: 'c' }]),
      () => recordTrust(home.path, '/w', 'trusted'),
      () => recordTable(home.path, { path: ['mcp_servers', 'x'], table: { command: 'c' } }),
      () =>
        recordValues(
          home.path,
          () => [{ path: ['tui', 'vim'], value: false }],
          () => Promise.resolve(),
        ),
      () =>
        recordValues(
          home.path,
          () => [{ path: ['model'], value: 'c' }],
          () => Promise.resolve(),
        ),
    ]) {
      home.write({ 'config.toml': before });
      await write();
      expect(text()).toContain('# why\r\n');
      expect(text()).not.toMatch(/(?<!\r)\n/);
      expect(parse(text())).toMatchObject({ review_model: 'b', tui: {} });
    }
  });
});
