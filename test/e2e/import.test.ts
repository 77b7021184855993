import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runKeel } from '../support/keel.ts';
import { gitRepository, keelHome, type TempDir, tempDir } from '../support/temp-dir.ts';

let home: TempDir;
let other: TempDir;
let repo: TempDir;
beforeEach(() => {
  home = keelHome();
  other = tempDir();
  repo = gitRepository();
});
afterEach(() => {
  for (const dir of [home, other, repo]) dir[Symbol.dispose]();
});
const keel = (...args: string[]) => runKeel(args, { home: home.path, cwd: repo.path, url: 'http://127.0.0.1:9/v1' });
const kept = (name: string) => readFileSync(join(home.path, name), 'utf8');

test('keel import claude takes servers, rules, prompts, skills and instructions, and names the rest', {
  timeout: 60_000,
}, async () => {
  other.write({
    'claude/CLAUDE.md': 'Be brief.\n',
    'claude/commands/fix.md': 'Fix $ARGUMENTS\n',
    'claude/skills/tides/SKILL.md': '---\nname: tides\ndescription: tides\n---\n',
    'claude/settings.json': JSON.stringify({
      model: 'opus',
      hooks: {},
      permissions: {
        allow: ['Bash(npm run test:*)', 'Bash(python:*)', 'Read(src/**)'],
        deny: ['Bash(git push:*)'],
      },
    }),
    'claude.json': JSON.stringify({
      mcpServers: {
        docs: {
          type: 'http',
          url: 'https://docs.example/mcp',
          headers: { Authorization: ['Bearer $', '{DOCS}'].join('') },
        },
        own: { command: 'own' },
        old: { type: 'sse', url: 'https://old.example' },
      },
    }),
  });
  home.write({ 'config.toml': '# mine\nmodel = "gpt-5"\n[mcp_servers.own]\ncommand = "mine"\n' });
  const from = ['--from', join(other.path, 'claude')];
  const dry = await keel('import', 'claude', ...from, '--dry-run');
  expect(dry).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing was changed') });
  expect(() => statSync(join(home.path, 'AGENTS.md'))).toThrow();

  const { code, stdout, stderr } = await keel('import', 'claude', ...from);
  expect([code, stderr]).toEqual([0, '']);
  for (const line of [
    /^added +AGENTS\.md, from/m,
    /^added +mcp_servers\.docs in config\.toml$/m,
    /^kept +mcp_servers\.own: config\.toml has it already$/m,
    /^not taken {2}MCP server old: its transport is "sse"/m,
    /^not taken {2}permission to allow: Bash\(python:\*\)/m,
    /^not taken {2}permission to allow: Read\(src\/\*\*\)/m,
    /^not taken {2}settings\.json: hooks/m,
  ]) {
    expect(stdout).toMatch(line);
  }
  expect([kept('AGENTS.md'), kept('prompts/fix.md')]).toEqual(['Be brief.\n', 'Fix $ARGUMENTS\n']);
  expect(kept('rules/claude.rules')).toBe(
    'prefix_rule(pattern=["npm","run","test"], decision="allow")\nprefix_rule(pattern=["git","push"], decision="forbidden")\n',
  );
  expect(kept('config.toml').startsWith('# mine\nmodel = "gpt-5"\n')).toBe(true);
  expect(statSync(join(home.path, 'config.toml')).mode & 0o777).toBe(0o600);
  const servers = await keel('mcp', 'list');
  expect(servers.stdout).toMatch(/^docs +https:\/\/docs\.example\/mcp +DOCS/m);
  expect(servers.stdout).toMatch(/^own +mine/m);
  expect((await keel('skills')).stdout).toContain('tides');

  const again = await keel('import', 'claude', ...from);
  expect(again.stdout).not.toMatch(/^added/m);
});

test('keel import codex copies files of the same form, and takes no key', async () => {
  other.write({
    'config.toml': 'model = "gpt-5"\n[tools]\nview_image = false\n',
    'prompts/a.md': 'A\n',
    'rules/default.rules': 'prefix_rule(pattern=["ls"], decision="allow")\n',
    'auth.json': '{"OPENAI_API_KEY":"sk-secret-0123456789"}',
  });
  const { stdout } = await keel('import', 'codex', '--from', other.path);
  expect(stdout).toMatch(/^added +config\.toml, from/m);
  expect(stdout).toMatch(/^not taken {2}auth\.json: run `keel login`/m);
  expect(() => statSync(join(home.path, 'auth.json'))).toThrow();
  expect((await keel('config', 'model')).stderr).toContain('tools.view_image has no effect');
  expect((await keel('import', 'codex', '--from', join(other.path, 'none'))).code).toBe(1);
});

test('a server that can\u2019t be written into config.toml as it is written there is shown, and the file stays', async () => {
  const before = 'mcp_servers = { own = { command = "mine" } }\n';
  home.write({ 'config.toml': before });
  other.write({
    'claude/CLAUDE.md': 'x',
    'claude.json': JSON.stringify({ mcpServers: { docs: { command: 'docs' } } }),
  });
  for (const more of [['--dry-run'], []]) {
    const { stdout } = await keel('import', 'claude', '--from', join(other.path, 'claude'), ...more);
    expect(stdout).toMatch(
      /^not taken {2}mcp_servers\.docs: write it into config\.toml by hand:\n\[mcp_servers\.docs\]\ncommand = "docs"/m,
    );
  }
  expect(kept('config.toml')).toBe(before);
});
