import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acceptServers, loadConfigWithOrigins } from '../../../src/storage/config/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';

const { home, repo } = freshPlaces();
const load = (cwd = repo.path) =>
  loadConfigWithOrigins({ env: { KEEL_HOME: home.path, KEEL_API_KEY: 'k' }, cwd, overrides: [], flags: {} });
const trust = (own = '') =>
  home.write({ 'config.toml': `${own}\n[projects.${JSON.stringify(repo.path)}]\ntrust_level = "trusted"\n` });
const NOTES = '[mcp_servers.notes]\ncommand = "node"\nargs = ["tools/notes.js"]\nenv_vars = ["NOTES_TOKEN"]\n';
const project = (toml = NOTES) => repo.write({ '.keel/config.toml': toml, 'tools/notes.js': 'serve();\n' });

/** Accepts whatever waits. */
async function accept(): Promise<void> {
  const { projectServers } = await load();
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
