import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applySteps } from '../../../../src/surfaces/cli/import/apply-steps.ts';
import { claudeSteps } from '../../../../src/surfaces/cli/import/claude.ts';
import { codexSteps } from '../../../../src/surfaces/cli/import/codex.ts';
import type { ImportStep } from '../../../../src/surfaces/cli/import/step.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const dir = freshDirectory();
const source = () => join(dir.path, '.claude');
const home = () => join(dir.path, 'home');
const settings = (value: object) => dir.write({ '.claude/settings.json': JSON.stringify(value) });

const ofType = <T extends ImportStep['type']>(steps: readonly ImportStep[], type: T) =>
  steps.filter((step): step is Extract<ImportStep, { type: T }> => step.type === type);

describe('what comes over from Claude Code', () => {
  test('is nothing where there is nothing', () => {
    expect(claudeSteps(source())).toEqual([]);
  });

  test('is the memory file, prompts and skills, each where keel looks for it', () => {
    dir.write({
      '.claude/CLAUDE.md': 'Be brief.\n',
      '.claude/commands/fix.md': 'Fix $1.\n',
      '.claude/commands/notes.txt': 'no prompt',
      '.claude/commands/.hidden.md': 'no prompt',
      '.claude/commands/empty.md': ' \n',
      '.claude/skills/pdf/SKILL.md': '---\nname: pdf\n---\n',
      '.claude/skills/none/README.md': 'no skill',
    });
    const steps = claudeSteps(source());
    expect(ofType(steps, 'file').map(({ to, text }) => [to, text])).toEqual([
      ['AGENTS.md', 'Be brief.\n'],
      [join('prompts', 'fix.md'), 'Fix $1.\n'],
    ]);
    expect(ofType(steps, 'folder').map(({ to }) => to)).toEqual([join('skills', 'pdf')]);
  });

  test('is each permission that is the start of a command, as a rule with the same decision', () => {
    settings({ permissions: { allow: ['Bash(npm test:*)'], ask: ['Bash(git push:*)'], deny: ['Bash(rm:*)'] } });
    const [rules] = ofType(claudeSteps(source()), 'file');
    expect(rules?.to).toBe(join('rules', 'claude.rules'));
    expect(rules?.text.trimEnd().split('\n')).toEqual([
      'prefix_rule(pattern=["npm","test"], decision="allow")',
      'prefix_rule(pattern=["git","push"], decision="prompt")',
      'prefix_rule(pattern=["rm"], decision="forbidden")',
    ]);
  });

  test.each([
    // Whatever follows would be allowed as well.
    ['allow', 'Bash(bash:*)', /it would allow whatever follows the name/],
    ['allow', 'Bash(python3:*)', /it would allow whatever follows the name/],
    ['allow', 'Bash(npm test)', /first words of commands/],
    ['allow', 'Read(./src/**)', /first words of commands/],
    ['deny', 'WebFetch(domain:x.example)', /first words of commands/],
    ['allow', 'Bash(echo $HOME:*)', /first words of commands/],
    ['allow', 'Bash(ls; rm:*)', /first words of commands/],
  ])('leaves a permission to %s %s, and says why', (list, permission, why) => {
    settings({ permissions: { [list]: [permission] } });
    const steps = claudeSteps(source());
    expect(ofType(steps, 'file')).toEqual([]);
    expect(ofType(steps, 'left')).toEqual([
      { type: 'left', what: `permission to ${list}: ${permission}`, why: expect.stringMatching(why) },
    ]);
  });

  test('is a server of MCP as a table of the settings; one that keel can’t reach is left', () => {
    const mcpServers = {
      notes: { command: 'notes', args: ['--stdio'] },
      old: { type: 'sse', url: 'https://x.example' },
      empty: {},
      blank: { command: ' ', url: '' },
      half: { type: 'http', headers: { a: 'b' } },
    };
    dir.write({ '.claude.json': JSON.stringify({ mcpServers, other: 1 }) });
    const steps = claudeSteps(source());
    expect(ofType(steps, 'setting')).toEqual([
      { type: 'setting', path: ['mcp_servers', 'notes'], table: { command: 'notes', args: ['--stdio'] } },
    ]);
    const reasons = ofType(steps, 'left').map(({ what, why }) => [what, why.split(';')[0]]);
    const nothing = 'it has neither a command nor an address (url)';
    expect(reasons).toEqual([
      ['MCP server old', 'its transport is "sse"'],
      ...['empty', 'blank', 'half'].map((name) => [`MCP server ${name}`, nothing]),
    ]);
  });

  test('is no other setting, and each has a word about what to do', () => {
    settings({ model: 'opus', env: { A: '1' }, hooks: {}, theme: 'dark' });
    expect(ofType(claudeSteps(source()), 'left').map(({ what, why }) => `${what}: ${why}`)).toEqual([
      expect.stringMatching(/^settings\.json: model: names differ: set model in config\.toml/),
      expect.stringMatching(/^settings\.json: env: set what commands need in shell_environment_policy\.set/),
      'settings.json: hooks: keel reads them where they are: see `keel hooks`',
      'settings.json: theme: keel has no such setting',
    ]);
  });

  test.each([
    ['{', /settings\.json is not JSON/],
    ['3', /settings\.json is not a JSON object/],
  ])('is refused where a file of it is damaged: %s', (text, message) => {
    dir.write({ '.claude/settings.json': text });
    expect(() => claudeSteps(source())).toThrow(message);
  });
});

describe('what comes over from the Codex CLI', () => {
  test('is its settings, texts, prompts, rules and skills as they are; no key and no thread', () => {
    dir.write({
      '.claude/config.toml': 'model = "gpt-5"\n',
      '.claude/AGENTS.md': 'Hi.\n',
      '.claude/prompts/a.md': 'A',
      '.claude/rules/default.rules': 'prefix_rule(pattern=["ls"], decision="allow")\n',
      '.claude/skills/s/SKILL.md': 's',
      '.claude/auth.json': '{"OPENAI_API_KEY":"sk-secret"}',
      '.claude/sessions/x.jsonl': '{}',
    });
    const steps = codexSteps(source());
    expect(ofType(steps, 'file').map(({ to }) => to)).toEqual([
      ...['config.toml', 'AGENTS.md', join('prompts', 'a.md'), join('rules', 'default.rules')],
    ]);
    expect(ofType(steps, 'left').map(({ what }) => what)).toEqual(['auth.json', 'sessions']);
    expect(JSON.stringify(steps)).not.toContain('sk-secret');
  });
});

describe('the steps of an import', () => {
  const file: ImportStep = { type: 'file', from: '/old/A.md', to: join('prompts', 'a.md'), text: 'new' };
  const server: ImportStep = { type: 'setting', path: ['mcp_servers', 'n'], table: { command: 'n' } };
  const apply = (steps: readonly ImportStep[], isDry = false) => applySteps(steps, { home: home(), isDry });
  const homeFile = (name: string) => readFileSync(join(home(), name), 'utf8');

  test('write a file that the owner alone can read, and keep one that is there', async () => {
    expect(await apply([file])).toEqual([{ state: 'added', text: `${file.to}, from /old/A.md` }]);
    expect(statSync(join(home(), file.to)).mode & 0o777).toBe(0o600);
    expect(await apply([{ ...file, text: 'newer' }])).toEqual([
      { state: 'kept', text: `${file.to}: there is one already; /old/A.md was not taken` },
    ]);
    expect(homeFile(file.to)).toBe('new');
  });

  test('say the same where nothing is to be written, and write nothing', async () => {
    mkdirSync(home());
    const dry = await apply([file, server], true);
    expect(dry.map(({ state }) => state)).toEqual(['added', 'added']);
    expect([existsSync(join(home(), 'prompts')), existsSync(join(home(), 'config.toml'))]).toEqual([false, false]);
    expect(await apply([file, server])).toEqual(dry);
  });

  test('add a table to the settings, beside what is there; one of the same name stays', async () => {
    dir.write({ 'home/config.toml': '# mine\nmodel = "x"\n' });
    expect(await apply([server])).toEqual([{ state: 'added', text: 'mcp_servers.n in config.toml' }]);
    expect(homeFile('config.toml')).toMatch(/^# mine\nmodel = "x"\n[\s\S]*\[mcp_servers\.n\]\ncommand = "n"/);
    expect(await apply([server])).toEqual([{ state: 'kept', text: 'mcp_servers.n: config.toml has it already' }]);
  });

  test('leave a table to the user that their file can’t take, with its text', async () => {
    dir.write({ 'home/config.toml': 'mcp_servers = { m = { command = "m" } }\n' });
    const [line] = await apply([server]);
    expect(line).toMatchObject({ state: 'not taken', text: expect.stringContaining('[mcp_servers.n]\ncommand = "n"') });
    expect(homeFile('config.toml')).toBe('mcp_servers = { m = { command = "m" } }\n');
  });

  test('copy a folder without the links in it, which may lead anywhere', async () => {
    dir.write({ 'skill/SKILL.md': 's', secret: 'x' });
    symlinkSync(join(dir.path, 'secret'), join(dir.path, 'skill/link'));
    await apply([{ type: 'folder', from: join(dir.path, 'skill'), to: join('skills', 'skill') }]);
    expect(homeFile(join('skills', 'skill', 'SKILL.md'))).toBe('s');
    expect(existsSync(join(home(), 'skills', 'skill', 'link'))).toBe(false);
  });
});
