import { existsSync, readFileSync, symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  acceptServers,
  type ConfigFlags,
  changeOfServer,
  loadConfigWithOrigins,
} from '../../../src/storage/config/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';

const { home, repo } = freshPlaces();
const load = (cwd = repo.path, overrides: readonly string[] = [], flags: ConfigFlags = {}) =>
  loadConfigWithOrigins({ env: { KEEL_HOME: home.path, KEEL_API_KEY: 'k' }, cwd, overrides, flags });
const trust = (own = '') =>
  home.write({ 'config.toml': `${own}\n[projects.${JSON.stringify(repo.path)}]\ntrust_level = "trusted"\n` });
const NOTES = '[mcp_servers.notes]\ncommand = "node"\nargs = ["tools/notes.js"]\nenv_vars = ["NOTES_TOKEN"]\n';
const project = (toml = NOTES) => repo.write({ '.keel/config.toml': toml, 'tools/notes.js': 'serve();\n' });

/** Accepts whatever waits. */
async function accept(cwd = repo.path): Promise<void> {
  const { projectServers } = await load(cwd);
  await acceptServers(
    home.path,
    repo.path,
    projectServers.map(({ full }) => full),
  );
}

async function standing() {
  const { config, projectServers } = await load();
  const [server] = projectServers;
  const state =
    server?.standing.type === 'waits' ? (server.standing.before === null ? 'new' : 'changed') : server?.standing.type;
  return [config.mcpServers.map(({ name }) => name), state, config.warnings.join('\n')] as const;
}

describe('an MCP server of a project', () => {
  test('does not count where the user does not trust the project, and is not even looked at', async () => {
    home.write({ 'config.toml': '' });
    project();
    expect(await standing()).toEqual([[], undefined, '']);
  });

  test('waits until it is accepted, and counts from then on', async () => {
    trust();
    project();
    expect(await standing()).toEqual([
      [],
      'new',
      expect.stringMatching(
        /config\.toml:1: mcp_servers\.notes is ignored until you accept it \(new\): `keel mcp trust notes`$/,
      ),
    ]);
    await accept();
    expect(await standing()).toEqual([['notes'], 'accepted', '']);
    repo.write({ 'deep/down/x': '' });
    const [server] = (await load(join(repo.path, 'deep/down'))).config.mcpServers;
    expect(server?.transport).toMatchObject({ command: 'node', cwd: repo.path, envVars: ['NOTES_TOKEN'] });
  });

  test('is shown in full, with the files of the project that it names', async () => {
    trust();
    project(`${NOTES}cwd = "."\nsandbox = "danger-full-access"\n`);
    const [server] = (await load()).projectServers;
    for (const part of ['env_vars', 'NOTES_TOKEN', 'danger-full-access', '--- tools/notes.js\nserve();']) {
      expect(server?.full.text).toContain(part);
    }
  });

  test.each<[string, () => void]>([
    ['its command', () => project(NOTES.replace('"node"', '"sh"'))],
    ['a variable that it gets', () => project(NOTES.replace('NOTES_TOKEN', 'OTHER_TOKEN'))],
    ['its rights', () => project(`${NOTES}network_access = true\n`)],
    ['a file that it names', () => repo.write({ 'tools/notes.js': 'steal();\n' })],
  ])('asks again when %s changes', async (_, change) => {
    trust();
    project();
    await accept();
    change();
    expect((await standing()).slice(0, 2)).toEqual([[], 'changed']);
  });

  test('can not take the place of the user\u2019s own, which it can only switch off', async () => {
    trust('[mcp_servers.notes]\ncommand = "mine"\n');
    project();
    await accept();
    const { config } = await load();
    expect(config.mcpServers).toMatchObject([{ name: 'notes', transport: { command: 'mine' } }]);
    expect(config.warnings.join()).toContain('your own settings have a server of this name');
    project('[mcp_servers.notes]\nenabled = false\n');
    expect((await load()).config.mcpServers).toMatchObject([{ enabled: false, transport: { command: 'mine' } }]);
  });

  test('that is malformed breaks nothing before it is accepted', async () => {
    trust();
    project('[mcp_servers.bad]\ncommand = 5\nargs = "x"\n');
    expect((await standing())[0]).toEqual([]);
    expect(existsSync(join(home.path, 'mcp-trust.json'))).toBe(false);
  });
});

describe('what is accepted', () => {
  test('is the server of one file: another one of its name waits, and takes no acceptance away', async () => {
    trust();
    project();
    await accept();
    const deep = join(repo.path, 'deep');
    repo.write({ 'deep/.keel/config.toml': NOTES.replace('tools/notes.js', '../tools/evil.js') });
    const nearer = await load(deep);
    expect(nearer.projectServers.map(({ full, standing }) => [full.file, standing.type])).toEqual([
      ['deep/.keel/config.toml', 'waits'],
      ['.keel/config.toml', 'accepted'],
    ]);
    expect(nearer.config.mcpServers).toMatchObject([{ transport: { args: ['tools/notes.js'] } }]);
    await accept(deep);
    expect((await load()).projectServers).toMatchObject([{ standing: { type: 'accepted' } }]);
    expect((await load(deep)).config.mcpServers).toMatchObject([{ transport: { args: ['../tools/evil.js'] } }]);
  });

  test.each([
    ['within a word', 'args = ["-c", "node tools/notes.js"]'],
    ['as the value of an option', 'args = ["--require=./tools/notes.js"]'],
    ['in a variable', 'env = { NODE_OPTIONS = "--import ./tools/notes.js" }'],
    ['by a link', 'args = ["link.js"]'],
  ])('is the content of a file that it names %s', async (_, line) => {
    trust();
    project(`[mcp_servers.notes]\ncommand = "sh"\n${line}\n`);
    symlinkSync('tools/notes.js', join(repo.path, 'link.js'));
    await accept();
    expect((await standing())[1]).toBe('accepted');
    repo.write({ 'tools/notes.js': 'steal();\n' });
    expect((await standing())[1]).toBe('changed');
  });

  test('is a large file as well; one that is too large can\u2019t be accepted, and says why', async () => {
    trust();
    project();
    repo.write({ 'tools/notes.js': 'a'.repeat(5 * 1024 * 1024) });
    await accept();
    expect((await load()).projectServers[0]?.full.text).toMatch(/5242880 bytes, SHA-256 [0-9a-f]{64}/);
    repo.write({ 'tools/notes.js': `${'a'.repeat(5 * 1024 * 1024 - 1)}b` });
    expect((await standing())[1]).toBe('changed');
    truncateSync(join(repo.path, 'tools/notes.js'), 65 * 1024 * 1024);
    expect(await standing()).toEqual([
      [],
      undefined,
      expect.stringMatching(/mcp_servers\.notes is ignored: tools\/notes\.js can't be read: it is larger than/),
    ]);
  });

  test('is checked again at a start, against what is accepted by then', async () => {
    trust();
    project();
    await accept();
    const transport = (await load()).config.mcpServers[0]?.transport;
    const definition = transport?.type === 'stdio' ? transport.definition : undefined;
    if (definition === undefined) throw new Error('it is the project\u2019s');
    expect(await changeOfServer(definition)).toBeNull();
    repo.write({ 'tools/notes.js': 'steal();\n' });
    expect(await changeOfServer(definition)).toBe('a file that it names has changed: run `keel mcp trust notes`');
    truncateSync(join(repo.path, 'tools/notes.js'), 65 * 1024 * 1024);
    expect(await changeOfServer(definition)).toContain("tools/notes.js can't be read");
    repo.write({ 'tools/notes.js': 'better();\n' });
    await accept();
    expect(await changeOfServer(definition)).toBeNull();
  });

  test('is kept without its secrets, and is something else with another one', async () => {
    trust();
    const web = (secret: string) => `[mcp_servers.web]
command = "web"
args = ["--token", "${secret}"]
env = { DB_PASSWORD = "${secret}", NODE_OPTIONS = "--no-warnings" }
[mcp_servers.far]
url = "https://far.example/mcp?api_key=${secret}"
http_headers = { X-Plain = "${secret}" }
`;
    project(web('first-secret-value'));
    await accept();
    const kept = readFileSync(join(home.path, 'mcp-trust.json'), 'utf8');
    expect(kept).not.toContain('first-secret-value');
    for (const part of ['NODE_OPTIONS', '--no-warnings', 'DB_PASSWORD', 'X-Plain']) expect(kept).toContain(part);
    project(web('other-secret-value'));
    expect((await standing()).slice(0, 2)).toEqual([[], 'changed']);
  });
});

describe('a server of a project that a layer above defines too', () => {
  const WIDE = `${NOTES}sandbox = "danger-full-access"\n[mcp_servers.notes.env]\nOF_PROJECT = "1"\n`;

  test.each<[string, () => Parameters<typeof load>]>([
    ['-c', () => [repo.path, ['mcp_servers.notes.command="mine"']]],
    ['a profile', () => [repo.path, ['profile="p"']]],
    ['a file of servers', () => [repo.path, [], { mcpFiles: [join(home.path, 'servers.json')] }]],
  ])('is that one\u2019s alone (%s)', async (_, given) => {
    trust('[profiles.p.mcp_servers.notes]\ncommand = "mine"');
    home.write({ 'servers.json': JSON.stringify({ mcpServers: { notes: { command: 'mine' } } }) });
    project(WIDE);
    await accept();
    const { config } = await load(...given());
    const [server] = config.mcpServers;
    expect(server?.transport).toMatchObject({ command: 'mine', args: [], env: {}, envVars: [], sandbox: 'session' });
    expect(server?.transport).not.toHaveProperty('definition');
    expect(config.warnings.join()).toMatch(/mcp_servers\.notes is ignored: .* has a server of this name/);
  });

  test('keeps its own where the layer only changes a key', async () => {
    trust();
    project(WIDE);
    await accept();
    const { config } = await load(repo.path, ['mcp_servers.notes.network_access=false']);
    expect(config.mcpServers).toMatchObject([{ transport: { command: 'node', networkAccess: false, definition: {} } }]);
  });

  test('is the nearer file\u2019s alone', async () => {
    trust();
    project(WIDE);
    repo.write({ 'deep/.keel/config.toml': '[mcp_servers.notes]\ncommand = "near"\n' });
    const deep = join(repo.path, 'deep');
    await accept(deep);
    const { mcpServers } = (await load(deep)).config;
    expect(mcpServers).toMatchObject([{ transport: { command: 'near', args: [], env: {}, sandbox: 'session' } }]);
  });
});
