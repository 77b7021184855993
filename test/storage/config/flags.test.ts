import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ConfigFlags, loadConfig } from '../../../src/storage/config/index.ts';
import type { LoadOptions } from '../../../src/storage/config/load-options.ts';
import { gitRepository, type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;

beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
  mkdirSync(join(home.path, 'system'));
});
afterEach(() => {
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const load = (flags: ConfigFlags, more: Partial<LoadOptions> = {}) =>
  loadConfig({
    env: { HOME: home.path, KEEL_HOME: home.path, ...more.env },
    cwd: repo.path,
    overrides: more.overrides ?? [],
    flags,
    strict: more.strict ?? false,
    systemDir: join(home.path, 'system'),
  });
/** How other agents write the value of a variable. */
const variable = (name: string) => ['$', '{', name, '}'].join('');
const manage = (toml: string) => home.write({ 'system/managed_config.toml': toml });

describe("the administrator's file is stronger than the command line", () => {
  test.each<[string, ConfigFlags, string]>([
    ['model = "a"', { model: 'b' }, 'model = "b" was asked for'],
    ['model_reasoning_effort = "low"', { effort: 'high' }, 'model_reasoning_effort = "high"'],
    ['approval_policy = "untrusted"', { approvalPolicy: 'never' }, 'approval_policy = "never"'],
    ['sandbox_mode = "read-only"', { sandboxMode: 'danger-full-access' }, 'sandbox_mode = "danger-full-access"'],
    ['model_provider = "openai"', { oss: true }, 'model_provider = "oss"'],
    ['profile = "a"\n[profiles.a]\n[profiles.b]', { profile: 'b' }, 'profile = "b"'],
    ['[tools]\ndisallowed = ["apply_patch"]', { disallowedTools: ['view_image'] }, 'tools.disallowed'],
    ['[budget]\nturns = 3', { budget: { turns: 9 } }, 'budget.turns = 9'],
    [
      'sandbox_mode = "workspace-write"\n[sandbox_workspace_write]\nwritable_roots = []',
      { addDirs: ['/tmp'] },
      '--add-dir /tmp',
    ],
  ])('%j refuses %j', async (toml, flags, message) => {
    manage(toml);
    await expect(load(flags)).rejects.toMatchObject({
      kind: 'invalidConfig',
      message: expect.stringContaining(message),
    });
    await expect(load(flags)).rejects.toThrow(/managed_config\.toml:\d/);
  });

  test('a flag that asks for the same is accepted', async () => {
    manage('sandbox_mode = "workspace-write"\n');
    expect((await load({ sandboxMode: 'workspace-write' })).sandboxPolicy.mode).toBe('workspace-write');
  });

  test('--trust does not make a project trusted that the administrator distrusts', async () => {
    manage(`[projects.${JSON.stringify(realpathSync(repo.path))}]\ntrust_level = "untrusted"\n`);
    await expect(load({ trusted: true })).rejects.toThrow('trust_level = "trusted" was asked for');
  });

  test('what -c sets in vain is a warning, an error in strict runs never', async () => {
    manage('sandbox_mode = "read-only"\n');
    const config = await load({}, { overrides: ['sandbox_mode=workspace-write', 'model=x'] });
    expect(config.sandboxPolicy.mode).toBe('read-only');
    expect(config.warnings).toEqual([
      expect.stringMatching(/^-c: sandbox_mode has no effect: .*managed_config\.toml:1/),
    ]);
  });

  test('the session knows what it may not change', async () => {
    manage('sandbox_mode = "read-only"\napproval_policy = "untrusted"\n');
    expect((await load({})).managed).toEqual({ sandboxMode: 'read-only', approvalPolicy: 'untrusted' });
  });
});

describe('flags', () => {
  test('win over every other layer, and a thread gives way to them', async () => {
    home.write({ 'config.toml': 'model_reasoning_effort = "low"\n[tools]\nallowed = ["view_image"]\n' });
    const config = await load(
      { effort: 'high', allowedTools: ['exec_command'], budget: { turns: 4 }, instructions: ' Be brief. ' },
      { overrides: ['model_reasoning_effort=medium'] },
    );
    expect(config).toMatchObject({
      effort: 'high',
      tools: { allowed: ['exec_command'], disallowed: [] },
      budget: { turns: 4 },
      addedInstructions: 'Be brief.',
      chosen: ['effort'],
    });
  });

  test("--ignore-user-config leaves out the user's file alone", async () => {
    home.write({ 'config.toml': 'model = "mine"\n', 'system/config.toml': 'review_model = "theirs"\n' });
    expect(await load({ withoutUserFile: true })).toMatchObject({ model: 'gpt-5-codex', reviewModel: 'theirs' });
    expect((await load({})).model).toBe('mine');
  });

  test('--trust counts for one run: the project is writable, and its settings count', async () => {
    mkdirSync(join(repo.path, '.keel'));
    writeFileSync(join(repo.path, '.keel/config.toml'), 'model = "of-the-project"\n');
    expect(await load({})).toMatchObject({ projectTrust: null, sandboxPolicy: { mode: 'read-only' } });
    expect(await load({ trusted: true })).toMatchObject({
      projectTrust: 'trusted',
      model: 'of-the-project',
      sandboxPolicy: { mode: 'workspace-write' },
    });
    expect(await load({})).toMatchObject({ projectTrust: null });
  });

  test('--trust holds against what was recorded of the directory itself', async () => {
    home.write({ 'config.toml': `[projects.${JSON.stringify(realpathSync(repo.path))}]\ntrust_level = "untrusted"\n` });
    expect((await load({ trusted: true })).projectTrust).toBe('trusted');
  });
});

describe('--mcp-config', () => {
  const servers = async (file: string) => (await load({ mcpFiles: [join(home.path, file)] })).mcpServers;

  test('takes the servers of a JSON file as other agents keep them; values of variables stay where they are', async () => {
    home.write({
      'servers.json': JSON.stringify({
        mcpServers: {
          files: { type: 'stdio', command: 'npx', args: ['files'], env: { A: '1', TOKEN: variable('TOKEN') } },
          web: {
            type: 'http',
            url: 'https://x.example/mcp',
            headers: { Authorization: `Bearer ${variable('WEB')}`, X: variable('Y') },
          },
        },
      }),
    });
    expect(await servers('servers.json')).toMatchObject([
      { name: 'files', transport: { type: 'stdio', command: 'npx', env: { A: '1' }, envVars: ['TOKEN'] } },
      {
        name: 'web',
        transport: { type: 'streamableHttp', bearerTokenEnvVar: 'WEB', httpHeaders: {}, envHttpHeaders: { X: 'Y' } },
      },
    ]);
  });

  test('adds those of a TOML file to the configured ones', async () => {
    home.write({
      'config.toml': '[mcp_servers.own]\ncommand = "own"\n',
      'more.toml': '[mcp_servers.more]\ncommand = "more"\n',
    });
    expect((await servers('more.toml')).map(({ name }) => name)).toEqual(['more', 'own']);
  });

  test.each([
    ['{', /servers\.json can't be used/],
    ['{"servers":{}}', /there is no "mcpServers"/],
    ['{"mcpServers":{"a":{"type":"sse","url":"https://x.example"}}}', /a can't be used: its transport is "sse"/],
    [`{"mcpServers":{"a":{"command":"x","env":{"B":"x-${variable('C')}"}}}}`, /"B" names a variable within its value/],
  ])('refuses %s', async (text, message) => {
    home.write({ 'servers.json': text });
    await expect(servers('servers.json')).rejects.toThrow(message);
  });
});

describe('a setting that does nothing is reported', () => {
  test.each([
    ['[profiles.x]\ntools_web_search = true', /profiles\.x\.tools_web_search has no effect/],
    ['[features]\nnosuch = true', /unknown key features\.nosuch; there are ghost_commit/],
    ['[features]\nghost_comit = true', /unknown key features\.ghost_comit; did you mean ghost_commit/],
    ['[sandbox.network]\nalowed_domains = []', /did you mean sandbox\.network\.allowed_domains/],
    [
      '[mcp_servers.a]\ncommand = "x"\nargz = []',
      /unknown key mcp_servers\.a\.argz; did you mean mcp_servers\.a\.args/,
    ],
    ['[agents.explorer]\nmodle = "x"', /unknown key agents\.explorer\.modle; did you mean agents\.explorer\.model/],
  ])('%j', async (toml, message) => {
    home.write({ 'config.toml': `${toml}\n` });
    expect((await load({})).warnings).toEqual([expect.stringMatching(message)]);
    await expect(load({}, { strict: true })).rejects.toThrow(message);
  });

  test('--enable of a feature that does not exist is an error in strict runs', async () => {
    await expect(load({}, { overrides: ['features.nosuch=true'], strict: true })).rejects.toThrow('features.nosuch');
  });

  test('one that asks for what keel does anyway is not', async () => {
    home.write({
      'config.toml': 'web_search = "disabled"\ncheck_for_update_on_startup = false\n[notice]\nx = true\n',
    });
    expect((await load({}, { strict: true })).warnings).toEqual([]);
  });
});

describe('web search', () => {
  test.each([
    ['', {}, false],
    ['web_search = "live"', {}, true],
    ['web_search = "disabled"\n[features]\nweb_search_request = true', {}, false],
    ['[tools]\nweb_search = true', {}, true],
    ['[features]\nweb_search_request = true', {}, true],
    ['[features]\nweb_search_request = false\n[tools]\nweb_search = true', {}, false],
    ['web_search = "disabled"', { webSearch: true }, true],
    ['model_provider = "anthropic"', { webSearch: true }, true],
  ])('%j and %j: %s', async (toml, flags, isOffered) => {
    home.write({ 'config.toml': `${toml}\n` });
    const config = await load(flags, { strict: true });
    expect(config.webSearch).toBe(isOffered);
    expect(config.warnings).toEqual([]);
  });

  test('is not offered, and that is reported, where the API has none', async () => {
    home.write({ 'config.toml': 'model_provider = "mistral"\nweb_search = "live"\n' });
    const config = await load({});
    expect(config.webSearch).toBe(false);
    expect(config.warnings).toEqual([expect.stringMatching(/^web search has no effect: mistral is asked over Chat/)]);
  });
});

describe('the provider where none is configured', () => {
  const KEY = { ANTHROPIC_API_KEY: 'k' };
  test.each<[string, ConfigFlags, Record<string, string>, string, string]>([
    ['a Claude model with the key for it', { model: 'claude-sonnet-5-5' }, KEY, 'anthropic', 'claude-sonnet-5-5'],
    [
      'the same beside a key for OpenAI',
      { model: 'claude-x' },
      { ...KEY, OPENAI_API_KEY: 'k' },
      'anthropic',
      'claude-x',
    ],
    ['no model and that key alone', {}, KEY, 'anthropic', 'claude-opus-5-5'],
    ['no model and both keys', {}, { ...KEY, OPENAI_API_KEY: 'k' }, 'openai', 'gpt-5-codex'],
    ['another model', { model: 'gpt-5' }, KEY, 'openai', 'gpt-5'],
    ['a gateway', { model: 'claude-x' }, { ...KEY, OPENAI_BASE_URL: 'http://g/v1' }, 'openai', 'claude-x'],
    ['no key for it', { model: 'claude-x' }, { OPENAI_API_KEY: 'k' }, 'anthropic', 'claude-x'],
    ['nothing', {}, {}, 'openai', 'gpt-5-codex'],
  ])('%s', async (_, flags, env, provider, model) => {
    expect(await load(flags, { env })).toMatchObject({ provider: { id: provider }, model });
  });

  test('one that is configured stays', async () => {
    home.write({ 'config.toml': 'model_provider = "openai"\n' });
    expect((await load({ model: 'claude-x' }, { env: KEY })).provider.id).toBe('openai');
  });
});
