import { describe, expect, test } from 'vitest';
import type { PluginFile } from '../../../../src/storage/plugins/index.ts';
import type { PluginFileMap } from '../../../../src/surfaces/cli/plugins/parts/part-source.ts';
import { refuseMissingPackages } from '../../../../src/surfaces/cli/plugins/plugin-source.ts';
import { pluginText } from '../../../../src/surfaces/cli/plugins/plugin-text.ts';
import { readPlugin } from '../../../../src/surfaces/cli/plugins/read-plugin.ts';

/** The files of a plugin, none of which is on the disk. */
function filesOf(texts: Readonly<Record<string, string | object>>): PluginFileMap {
  return new Map(
    Object.entries(texts).map(([path, content]): [string, PluginFile] => {
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      return [path, { path, content: Buffer.from(text), isExecutable: false }];
    }),
  );
}
const read = (texts: Readonly<Record<string, string | object>>, name = 'usual') => readPlugin(filesOf(texts), name);
const SKILL = { 'skills/pdf/SKILL.md': '---\nname: pdf\ndescription: PDFs\n---\nText.\n' };
const serversOf = async (servers: object) => {
  const { contents, notes } = await read({ ...SKILL, '.mcp.json': { mcpServers: servers } });
  return { servers: contents.servers, notes };
};

describe('what a plugin is called', () => {
  test.each<[string, Readonly<Record<string, string | object>>, object]>([
    ['by the place it is in', {}, { name: 'usual', version: null, format: 'keel' }],
    [
      'by its package',
      { 'package.json': { name: '@me/tools', version: '1.2.3' } },
      { name: 'tools', version: '1.2.3' },
    ],
    [
      'by its manifest before its package',
      { 'plugin.json': { name: 'own', description: 'Mine.' }, 'package.json': { name: 'other', version: '2.0.0' } },
      { name: 'own', version: '2.0.0', description: 'Mine.', format: 'keel' },
    ],
    ['in the form of Claude Code', { '.claude-plugin/plugin.json': { name: 'c' } }, { name: 'c', format: 'claude' }],
    ['in the form of the Codex CLI', { '.codex-plugin/plugin.json': { name: 'x' } }, { name: 'x', format: 'codex' }],
  ])('%s', async (_, files, expected) => {
    expect(await read({ ...SKILL, ...files })).toMatchObject(expected);
  });

  test.each(['', '1st', 'a b', '../up', 'a/b', 'x'.repeat(33), '-a'])('is never %j', async (name) => {
    await expect(read({ ...SKILL, 'plugin.json': { name } })).rejects.toThrow(
      /can't be its name: letters, digits and -/,
    );
  });

  test.each<[string, string | object, RegExp]>([
    ['no JSON', '{', /plugin\.json is not JSON/],
    ['no object', '[]', /plugin\.json can't be used/],
    ['a field of the wrong form', { skills: 3 }, /plugin\.json can't be used: skills has the wrong form/],
    ['a path that is not there', { skills: './none' }, /skills names \.\/none, which is not in the plugin/],
  ])('does not matter where its manifest is %s', async (_, manifest, message) => {
    await expect(read({ ...SKILL, 'plugin.json': manifest })).rejects.toThrow(message);
  });

  test('a plugin without anything that keel uses is none, and the error says where it looked', async () => {
    await expect(read({ 'README.md': 'hi' })).rejects.toThrow(/nothing that keel uses \(skills\/, prompts\//);
  });
});

describe('a server of a plugin', () => {
  test.each<[string, object, object]>([
    [
      'a program that is found like any other',
      { command: 'node', args: ['a.js'] },
      { command: 'node', args: ['a.js'] },
    ],
    ['an address', { url: 'https://x.example/mcp' }, { url: 'https://x.example/mcp' }],
  ])('is %s', async (_, server, table) => {
    expect(await serversOf({ s: server })).toMatchObject({ servers: { s: table }, notes: [] });
  });

  test('starts in the folder of the plugin, by any of the names that programs have for it', async () => {
    const { servers } = await serversOf({
      a: { command: './bin/server', cwd: 'data' },
      b: { command: 'node', args: [`\${CLAUDE_PLUGIN_ROOT}/x.js`], env: { HOME_OF: `\${PLUGIN_ROOT}` } },
    });
    const folder = String(servers['a']?.['command']).replace(/\/bin\/server$/, '');
    expect(folder).not.toBe('');
    expect(servers['a']).toMatchObject({ command: `${folder}/bin/server`, cwd: `${folder}/data` });
    expect(servers['b']).toMatchObject({ args: [`${folder}/x.js`], env: { HOME_OF: folder } });
  });

  test.each<[string, string, object, RegExp]>([
    ['a name that is none', 'a b', { command: 'x' }, /its name has other characters/],
    ['neither a command nor an address', 's', {}, /it needs either command or url/],
    ['both', 's', { command: 'x', url: 'https://x.example' }, /it needs either command or url/],
    ['a field of another kind', 's', { command: 'x', headers: { A: 'b' } }, /headers is for another kind of server/],
    ['arguments for an address', 's', { url: 'https://x.example', args: ['a'] }, /args is for another kind of server/],
    ['a wrong form', 's', { command: ['x'] }, /it has the wrong form/],
    ['no time to start', 's', { command: 'x', startup_timeout_sec: 0 }, /it has the wrong form/],
    ['a program outside of the plugin', 's', { command: '../../../bin/sh' }, /a path of it leads out of the plugin/],
    ['a folder outside of the plugin', 's', { command: 'x', cwd: '../..' }, /a path of it leads out of the plugin/],
  ])('with %s is not used, which is noted', async (_, name, server, why) => {
    const { servers, notes } = await serversOf({ [name]: server });
    expect(servers).toEqual({});
    expect(notes).toEqual([expect.stringMatching(why)]);
  });

  test('gives itself no rights: what it says of them is ignored, which is noted', async () => {
    const { servers, notes } = await serversOf({
      s: { command: 'x', default_tools_approval_mode: 'approve', trust: true },
    });
    expect(JSON.stringify(servers)).not.toMatch(/approv|trust/);
    expect(notes).toEqual(['default_tools_approval_mode, trust of the server s is ignored']);
  });
});

describe('what the user is shown before they decide', () => {
  const shown = async (files: Readonly<Record<string, string | object>>) =>
    pluginText(await read({ ...SKILL, ...files }), { hooks: JSON.parse('{"sandbox":"session"}') });

  test('is what it brings, by the names that are typed', async () => {
    const text = await shown({ 'prompts/fix.md': 'Fix it.', 'plugin.json': { name: 'own', version: '1.0.0' } });
    expect(text.split('\n')).toEqual([...['own 1.0.0', 'Skills:', '  $own:pdf', 'Prompts:', '  /prompts:own:fix', '']]);
  });

  test('is each program with its words, its place and what it is given', async () => {
    const text = await shown({
      '.mcp.json': { s: { command: './run it', args: ['a b', '$(id)'], cwd: 'data', env: { TOKEN: 'x' } } },
    });
    expect(text).toContain('MCP servers that will be started or reached:\n');
    expect(text).toMatch(/'<plugin>\/run it' 'a b' '\$\(id\)' \(runs in <plugin>\/data; with TOKEN set\)/);
  });
});

describe('packages that a plugin needs', () => {
  const dependencies = { 'package.json': { dependencies: { left: '^1.0.0' } } };
  const server = { '.mcp.json': { s: { command: 'node' } } };

  test('have to come with it where it runs something', async () => {
    const plugin = await read({ ...SKILL, ...server, ...dependencies });
    expect(() => refuseMissingPackages(plugin)).toThrow(
      /keel installs none: left@\^1\.0\.0\. Its author can bundle them/,
    );
  });

  test.each<[string, Readonly<Record<string, string | object>>]>([
    ['it brings them', { ...server, ...dependencies, 'node_modules/left/package.json': '{}' }],
    ['it runs nothing', dependencies],
    ['it needs none', server],
  ])('are no matter where %s', async (_, files) => {
    const plugin = await read({ ...SKILL, ...files });
    expect(() => refuseMissingPackages(plugin)).not.toThrow();
  });
});
