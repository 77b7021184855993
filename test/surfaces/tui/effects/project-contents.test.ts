import { expect, test } from 'vitest';
import { acceptServers, hookFiles, loadConfigWithOrigins } from '../../../../src/storage/config/index.ts';
import { trustQuestion } from '../../../../src/surfaces/tui/effects/project-contents.ts';
import { loadHooks, recordAccepted } from '../../../../src/tools/hooks/index.ts';
import { freshPlaces } from '../../../support/fresh-places.ts';

const { home, repo } = freshPlaces();

const hooks = (command: string, event = 'PreToolUse') =>
  JSON.stringify({ hooks: { [event]: [{ hooks: [{ type: 'command', command }] }] } });

const load = (trusted: boolean, settings = '') => {
  home.write({ 'config.toml': settings });
  const env = { PATH: '/usr/bin:/bin', HOME: home.path, KEEL_HOME: home.path };
  return loadConfigWithOrigins({ env, cwd: repo.path, overrides: [], flags: { trusted }, systemDir: home.path });
};

async function asked(files: Readonly<Record<string, string>>, settings = '') {
  repo.write(files);
  const { config } = await load(false, settings);
  return await trustQuestion(repo.path, config, () => load(true, settings));
}

test('a folder with nothing of the kind has nothing that counts or runs', async () => {
  expect(await asked({})).toMatchObject({ counts: [], runs: [], fault: null });
});

test.each([
  ['.keel/config.toml', ''],
  ['.keel/rules/a.rules', ''],
  ['.keel/prompts/a.md', ''],
  ['.keel/skills/a/SKILL.md', ''],
  ['.agents/skills/a/SKILL.md', ''],
  ['AGENTS.override.md', ''],
  ['AGENTS.md', ''],
  ['CLAUDE.md', ''],
  ['.claude/skills/a/SKILL.md', ''],
  ['.keel/hooks.json', '{}'],
  ['.claude/settings.json', '{}'],
  ['.codex/hooks.json', '{}'],
])('%s counts', async (path, text) => {
  const { counts } = await asked({ [path]: text });
  expect(counts).toHaveLength(1);
  expect(path.startsWith(counts[0] ?? 'nothing')).toBe(true);
});

test('the commands of hooks and servers are named, with their arguments and without their secrets', async () => {
  const { runs } = await asked({
    '.keel/hooks.json': hooks('./check.sh --all'),
    '.claude/settings.json': hooks('npm test', 'Stop'),
    '.keel/config.toml': `
[mcp_servers.notes]
command = "node"
args = ["tools/notes.js", "--token=sk-live-abcdefghijklmnop1234"]
[mcp_servers.web]
url = "https://web.example/mcp"
`,
    'tools/notes.js': '',
  });
  expect(runs).toHaveLength(4);
  expect(runs[0]).toBe('PreToolUse hook: ./check.sh --all');
  expect(runs[1]).toBe('Stop hook: npm test');
  expect(runs[2]).toMatch(/^MCP server notes: node tools\/notes\.js /);
  expect(runs[3]).toBe('MCP server web: https://web.example/mcp');
  expect(runs.join()).not.toContain('abcdefghijklmnop1234');
});

test('what was accepted before, and so runs with a yes, is marked', async () => {
  const files = {
    '.keel/hooks.json': hooks('./check.sh'),
    '.keel/config.toml': '[mcp_servers.notes]\ncommand = "true"\n',
  };
  const before = await asked(files);
  expect(before.runs.join()).not.toContain('accepted before');
  const { config, projectServers } = await load(true);
  const waiting = loadHooks(hookFiles(config), config).hooks.flatMap(({ standing }) =>
    standing.type === 'unaccepted' ? standing.full : [],
  );
  recordAccepted(home.path, repo.path, waiting);
  await acceptServers(
    home.path,
    repo.path,
    projectServers.map(({ full }) => full),
  );
  const { runs } = await asked(files);
  expect(runs).toEqual([
    'PreToolUse hook (accepted before: it runs): ./check.sh',
    'MCP server notes (accepted before: it runs): true',
  ]);
  const added = await asked({ ...files, '.claude/settings.json': hooks('npm test', 'Stop') });
  expect(added.runs).toEqual([...runs, 'Stop hook: npm test']);
});

test('hooks and servers of the user are not the project’s', async () => {
  home.write({ 'hooks.json': hooks('mine.sh') });
  const { runs } = await asked({}, '[mcp_servers.mine]\ncommand = "true"\n');
  expect(runs).toEqual([]);
});

test.each([
  ['', true],
  ['sandbox_mode = "read-only"\n', false],
  ['sandbox_mode = "workspace-write"\n', false],
])('with the settings %j a yes gives the right to write: %s', async (settings, expected) => {
  expect((await asked({}, settings)).mayWrite).toBe(expected);
});

test('a configuration that can’t be read is a reason, and the rest is named still', async () => {
  const { fault, counts, runs } = await asked({ '.keel/config.toml': 'model = \n', 'AGENTS.md': '' });
  expect(fault).toContain('config.toml');
  expect(counts).toEqual(['.keel/config.toml', 'AGENTS.md']);
  expect(runs).toEqual([]);
});
