import { chmodSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  changeInstalled,
  INSTALLED_FILE,
  type InstalledPlugin,
  installedPlugins,
  PLUGIN_FOLDER,
  pluginFolder,
} from '../../../src/storage/plugins/installed.ts';
import { loadPlugins } from '../../../src/storage/plugins/load-plugins.ts';
import {
  filesDigest,
  folderFiles,
  isPassedOver,
  MAX_PLUGIN_BYTES,
  MAX_PLUGIN_FILES,
  PluginFault,
  PluginLimits,
} from '../../../src/storage/plugins/plugin-files.ts';
import { pluginFault, pluginState } from '../../../src/storage/plugins/plugin-state.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

const never = new AbortController().signal;
let home: TempDir;

beforeEach(() => {
  home = tempDir();
});
afterEach(() => {
  home[Symbol.dispose]();
});

const FILES = { 'skills/pdf/SKILL.md': 'read', 'hooks.json': '{}', 'bin/run': '#!/bin/sh\n' };

/** Installs a plugin with these files, as the user accepts it. */
async function install(
  name: string,
  files: Readonly<Record<string, string>> = FILES,
  more: Partial<InstalledPlugin> = {},
): Promise<InstalledPlugin> {
  using given = tempDir();
  given.write(files);
  const plugin: InstalledPlugin = {
    name,
    version: null,
    description: null,
    source: given.path,
    format: 'keel',
    digest: filesDigest(folderFiles(given.path)),
    enabled: true,
    contents: { skills: ['skills'], prompts: [], hooks: ['hooks.json'], servers: {}, roles: {} },
    ...more,
  };
  await changeInstalled(home.path, never, (before) => {
    const folder = pluginFolder(home.path, plugin);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return [...before.filter((other) => other.name !== name), plugin];
  });
  return plugin;
}

describe('the files of a plugin', () => {
  test('are those below its folder by name, without what a version control keeps', () => {
    home.write({ 'b.txt': 'b', 'a/z.txt': 'z', 'a/b/c.txt': 'c', '.git/config': 'x', 'a/.DS_Store': 'x' });
    chmodSync(join(home.path, 'b.txt'), 0o755);
    const files = [...folderFiles(home.path)].map(({ path, content, isExecutable }) => [
      path,
      `${content}`,
      isExecutable,
    ]);
    expect(files).toEqual([
      ['a/b/c.txt', 'c', false],
      ['a/z.txt', 'z', false],
      ['b.txt', 'b', true],
    ]);
  });

  test.each([
    ['.git/config', true],
    ['a/.git/x', true],
    ['a/.DS_Store', true],
    ['a/git', false],
    ['.gitignore', false],
  ])('pass over %s: %s', (path, isPassed) => {
    expect(isPassedOver(path)).toBe(isPassed);
  });

  test('may be links to files of the same folder alone', () => {
    home.write({ 'in/real.txt': 'text', 'out.txt': 'secret' });
    const folder = join(home.path, 'in');
    symlinkSync('real.txt', join(folder, 'link.txt'));
    expect([...folderFiles(folder)].map(({ path, content }) => [path, `${content}`])).toEqual([
      ['link.txt', 'text'],
      ['real.txt', 'text'],
    ]);
    symlinkSync('../out.txt', join(folder, 'other.txt'));
    expect(() => [...folderFiles(folder)]).toThrow(
      "other.txt can't be copied: it is a link that leads out of the plugin",
    );
  });

  test('can’t be those of a folder that is not there, or that has a link that leads nowhere', () => {
    expect(() => [...folderFiles(join(home.path, 'no'))]).toThrow(PluginFault);
    symlinkSync('nowhere', join(home.path, 'link'));
    expect(() => [...folderFiles(home.path)]).toThrow(/^link can't be copied: /);
  });

  test('are not deeper than sixteen folders', () => {
    home.write({ [`${'d/'.repeat(15)}ok.txt`]: '' });
    expect([...folderFiles(home.path)]).toHaveLength(1);
    home.write({ [`${'d/'.repeat(16)}deep.txt`]: '' });
    expect(() => [...folderFiles(home.path)]).toThrow(/^its folders are too deep: d\/d/);
  });

  test.each([
    ['/etc/passwd', 'is an absolute path'],
    ['C:\\x', 'is an absolute path'],
    ['a/../b', 'leads elsewhere'],
    ['./a', 'leads elsewhere'],
    ['a//b', 'leads elsewhere'],
    ['', 'leads elsewhere'],
    ['a\\b', 'has characters that names of files should not have'],
    ['a\nb', 'has characters that names of files should not have'],
    ['a'.repeat(301), 'is too long or too deep'],
    [`${'a/'.repeat(16)}a`, 'is too long or too deep'],
  ])('can’t be placed at %j: it %s', (path, fault) => {
    expect(() => new PluginLimits().count(path, 1)).toThrow(`the name of a file in it ${fault}`);
  });

  test('are limited in number and size', () => {
    const files = new PluginLimits();
    for (let n = 0; n < MAX_PLUGIN_FILES; n += 1) files.count(`f${n}`, 1);
    expect(() => files.count('one-more', 1)).toThrow('it has more than 4000 files');
    const bytes = new PluginLimits();
    bytes.count('a', MAX_PLUGIN_BYTES);
    expect(() => bytes.count('b', 1)).toThrow('its files have more than');
  });

  test('have another digest when a name, a byte or the right to run changes, and the same in another order', () => {
    const file = (path: string, text: string, isExecutable = false) => ({
      path,
      content: Buffer.from(text),
      isExecutable,
    });
    const digest = filesDigest([file('a', '1'), file('b', '2')]);
    expect(filesDigest([file('b', '2'), file('a', '1')])).toBe(digest);
    const others = [
      [file('a', '1')],
      [file('a', '1'), file('c', '2')],
      [file('a', '1'), file('b', '3')],
      [file('a', '2'), file('b', '1')],
      [file('a', '1'), file('b', '2', true)],
    ].map(filesDigest);
    expect(new Set([digest, ...others]).size).toBe(6);
  });
});

describe('the list of installed plugins', () => {
  test('is empty in a new home', () => {
    expect(installedPlugins(home.path)).toEqual([]);
  });

  test('is kept by name, and its folders are removed with their plugins', async () => {
    const two = await install('two');
    const one = await install('one');
    expect(installedPlugins(home.path)).toEqual([one, two]);
    const left = await changeInstalled(home.path, never, (before) => before.filter(({ name }) => name !== 'two'));
    expect(left).toBe(0);
    expect(installedPlugins(home.path)).toEqual([one]);
    expect(readdirSync(join(home.path, 'plugins')).filter((name) => !name.startsWith('.'))).toEqual(['one']);
  });

  test('is not changed by a change that throws', async () => {
    const one = await install('one');
    const failed = changeInstalled(home.path, never, () => {
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(installedPlugins(home.path)).toEqual([one]);
  });

  test.each([
    ['not JSON', '{'],
    ['JSON of another form', '{"plugins":[{"name":1}]}'],
  ])('that is %s is an error with advice', (_, text) => {
    writeFileSync(join(home.path, INSTALLED_FILE), text, { mode: 0o600 });
    expect(() => installedPlugins(home.path)).toThrow(
      /plugins\.json can't be read: remove it and the folder .*plugins, and add/,
    );
  });

  test('has a folder for each content of a plugin', () => {
    const folder = (digest: string) => pluginFolder('/h', { name: 'p', digest });
    expect(folder('0123456789abcdef0123')).toBe('/h/plugins/p/0123456789abcdef');
    expect(folder('f'.repeat(64))).not.toBe(folder('0'.repeat(64)));
  });
});

describe('the state of a plugin', () => {
  test('is on or off as the user wants it', async () => {
    expect(pluginState(home.path, await install('p'))).toEqual({ type: 'on' });
    expect(pluginState(home.path, await install('p', FILES, { enabled: false }))).toEqual({ type: 'off' });
  });

  test.each<[string, (folder: string) => void, string]>([
    ['a file was changed', (folder) => writeFileSync(join(folder, 'hooks.json'), '{ }'), 'changed'],
    ['a file was added', (folder) => writeFileSync(join(folder, 'more'), ''), 'changed'],
    ['a file was removed', (folder) => rmSync(join(folder, 'bin/run')), 'changed'],
    ['a file became executable', (folder) => chmodSync(join(folder, 'hooks.json'), 0o755), 'changed'],
    ['its folder is gone', (folder) => rmSync(folder, { recursive: true }), 'broken'],
    ['a link leads out of it', (folder) => symlinkSync('/etc/hostname', join(folder, 'link')), 'broken'],
  ])('where %s, it does not count and the user gets advice', async (_, change, type) => {
    const plugin = await install('p');
    change(pluginFolder(home.path, plugin));
    const state = pluginState(home.path, plugin);
    expect(state.type).toBe(type);
    expect(pluginFault(plugin, state)).toMatch(/^the plugin p is not used.*`keel plugin/);
    expect(loadPlugins(home.path, [])).toMatchObject({
      plugins: [],
      layers: [],
      warnings: [pluginFault(plugin, state)],
    });
  });

  test.each([{ type: 'on' } as const, { type: 'off' } as const])('needs no advice: %j', (state) => {
    expect(pluginFault({ name: 'p' }, state)).toBeNull();
  });
});

describe('the plugins of a thread', () => {
  const contents: InstalledPlugin['contents'] = {
    skills: ['skills'],
    prompts: [{ name: 'fix', path: 'prompts/fix.md' }],
    hooks: ['hooks.json'],
    servers: {
      db: {
        command: `${PLUGIN_FOLDER}/bin/run`,
        args: ['--root', `${PLUGIN_FOLDER}`, 3],
        env: { HOME: PLUGIN_FOLDER },
      },
    },
    roles: { poet: { description: `in ${PLUGIN_FOLDER}` } },
  };

  test('have absolute paths, and settings under their own names', async () => {
    const plugin = await install('p', FILES, { contents });
    const folder = pluginFolder(home.path, plugin);
    expect(loadPlugins(home.path, [])).toEqual({
      plugins: [
        {
          name: 'p',
          folder,
          format: 'keel',
          skills: [join(folder, 'skills')],
          prompts: [{ name: 'p:fix', path: join(folder, 'prompts/fix.md') }],
          hooks: [join(folder, 'hooks.json')],
        },
      ],
      layers: [
        {
          name: 'plugin p',
          text: null,
          table: {
            mcp_servers: {
              p_db: { command: join(folder, 'bin/run'), args: ['--root', folder, 3], env: { HOME: folder } },
            },
            agents: { 'p:poet': { description: `in ${PLUGIN_FOLDER}` } },
          },
        },
      ],
      warnings: [],
    });
  });

  test('give no key to a server that the user defines under the same name', async () => {
    await install('p', FILES, { contents });
    const own = { name: 'config.toml', text: null, table: { mcp_servers: { p_db: { url: 'https://db.example' } } } };
    const { layers, warnings } = loadPlugins(home.path, [own]);
    expect(layers[0]?.table).not.toHaveProperty('mcp_servers');
    expect(warnings).toEqual(['the server db of the plugin p is not used: config.toml has its own p_db']);
    const switchedOff = { ...own, table: { mcp_servers: { p_db: { enabled: false } } } };
    expect(loadPlugins(home.path, [switchedOff]).layers[0]?.table).toHaveProperty(['mcp_servers', 'p_db', 'command']);
  });

  test('are not those that are switched off', async () => {
    await install('p', FILES, { enabled: false });
    expect(loadPlugins(home.path, [])).toEqual({ plugins: [], layers: [], warnings: [] });
  });
});
