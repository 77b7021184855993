import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { accountMethods } from '../../../../src/surfaces/app-server/methods/account-methods.ts';
import { configMethods } from '../../../../src/surfaces/app-server/methods/configuration/config-methods.ts';
import { listMethods } from '../../../../src/surfaces/app-server/methods/lists/list-methods.ts';
import { ErrorCode } from '../../../../src/surfaces/app-server/methods/method.ts';
import { ServerSettings } from '../../../../src/surfaces/app-server/methods/server-settings.ts';
import { type Call, caller, refusal, type World, world } from './support.ts';

const SECRET = 'sk-proj-0123456789abcdefghij';

let here: World;
let call: Call;

function open(overrides: readonly string[] = [], env: Readonly<Record<string, string>> = {}): void {
  const settings = new ServerSettings({ ...here.context, env: { ...here.context.env, ...env }, overrides });
  const methods = { ...configMethods(settings), ...accountMethods(settings), ...listMethods(settings) };
  call = caller(methods, here.client);
}

beforeEach(() => {
  here = world('# mine\nmodel = "gpt-5" # the usual one\n');
  open();
});
afterEach(() => here[Symbol.dispose]());

const file = () => readFileSync(join(here.home, 'config.toml'), 'utf8');
const user = () => ({ type: 'user', file: join(here.home, 'config.toml'), profile: null });

describe('config/read', () => {
  test('shows the settings in force, their layers, and where each comes from', async () => {
    mkdirSync(join(here.dir.path, 'system'));
    here.dir.write({ 'system/config.toml': 'hide_agent_reasoning = true\n' });
    open(['model_verbosity="low"']);
    expect(await call('config/read', { includeLayers: true })).toMatchObject({
      config: { model: 'gpt-5', model_verbosity: 'low', sandbox_mode: 'workspace-write', hide_agent_reasoning: true },
      origins: {
        model: { name: user() },
        model_verbosity: { name: { type: 'sessionFlags' } },
        hide_agent_reasoning: { name: { type: 'system', file: join(here.dir.path, 'system/config.toml') } },
        'sandbox_workspace_write.exclude_slash_tmp': { name: user() },
      },
      layers: [
        { name: { type: 'sessionFlags' }, config: { model_verbosity: 'low' }, disabledReason: null },
        { name: user() },
        { name: { type: 'system' } },
      ],
    });
    expect(await call('config/read')).toMatchObject({ layers: null });
  });

  test('shows no secret, wherever it is', async () => {
    here.dir.write({
      'home/config.toml': `
        [mcp_servers.a]
        url = "https://user:${SECRET}@example.com/?api_key=${SECRET}"
        http_headers = { "X-Own" = "${SECRET}" }
        [mcp_servers.b]
        command = "server"
        args = ["--token", "plainword9", "${SECRET}"]
        env = { ANY = "very secret" }
        [model_providers.p]
        name = "p"
        experimental_bearer_token = "unlikely words"
        [shell_environment_policy.set]
        NOTE = "unlikely words"
        DB_PASSWORD = "pw-123456"
        `,
      'home/auth.json': `{"OPENAI_API_KEY":"stored-key-of-the-user"}`,
    });
    open([`developer_instructions="say stored-key-of-the-user"`]);
    const text = JSON.stringify(await call('config/read', { includeLayers: true }));
    for (const secret of [
      SECRET,
      'plainword9',
      'very secret',
      'unlikely words',
      'pw-123456',
      'stored-key-of-the-user',
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  test('names what the administrator fixes', async () => {
    expect(await call('configRequirements/read')).toEqual({ requirements: null });
    mkdirSync(join(here.dir.path, 'system'));
    here.dir.write({ 'system/managed_config.toml': 'sandbox_mode = "read-only"\n' });
    open();
    expect(await call('configRequirements/read')).toEqual({
      requirements: { allowedApprovalPolicies: null, allowedSandboxModes: ['read-only'] },
    });
  });
});

describe('config/value/write and config/batchWrite', () => {
  const write = (keyPath: string, value: unknown, more: object = {}) =>
    call('config/value/write', { keyPath, value, mergeStrategy: 'replace', ...more });

  test('change the user’s file and leave everything else in it', async () => {
    const result = await write('model', 'gpt-6');
    expect(result).toMatchObject({ status: 'ok', filePath: join(here.home, 'config.toml'), overriddenMetadata: null });
    expect(file()).toContain('# mine\nmodel = "gpt-6"\n');
    expect(file()).toContain('exclude_slash_tmp = true');
    expect(await call('config/read')).toMatchObject({ config: { model: 'gpt-6' } });
    await write('model', null);
    expect(file()).not.toContain('gpt-6');
  });

  test('merge tables where they are asked to', async () => {
    const edit = (value: object, mergeStrategy: string) => ({ keyPath: 'tui', value, mergeStrategy });
    await call('config/batchWrite', { edits: [edit({ theme: 'dark', vim: true }, 'replace')] });
    await call('config/batchWrite', { edits: [edit({ theme: 'light' }, 'upsert')] });
    expect(await call('config/read')).toMatchObject({ config: { tui: { theme: 'light', vim: true } } });
    await call('config/batchWrite', { edits: [edit({ theme: 'dark' }, 'replace')] });
    expect(file()).not.toContain('vim');
  });

  test('write all or nothing, and nothing that keel would not accept', async () => {
    const before = file();
    const edits = [
      { keyPath: 'model', value: 'gpt-6', mergeStrategy: 'replace' },
      { keyPath: 'sandbox_mode', value: 'everything', mergeStrategy: 'replace' },
    ];
    const error = await refusal(call('config/batchWrite', { edits }));
    expect(error).toMatchObject({
      code: ErrorCode.invalidRequest,
      data: { config_write_error_code: 'configValidationError' },
    });
    expect(error.message).toContain('sandbox_mode should be one of');
    expect(file()).toBe(before);
  });

  test('are refused for a file that has changed, another file, and what is no key', async () => {
    const read = await call('config/read', { includeLayers: true });
    const version = 'origins' in read && JSON.stringify(read.origins).match(/sha256:\w+/)?.[0];
    expect(await write('model', 'a', { expectedVersion: version })).toMatchObject({ status: 'ok' });
    expect(await refusal(write('model', 'b', { expectedVersion: version }))).toMatchObject({
      data: { config_write_error_code: 'configVersionConflict' },
    });
    expect(await refusal(write('model', 'b', { filePath: join(here.project, 'config.toml') }))).toMatchObject({
      data: { config_write_error_code: 'configLayerReadonly' },
    });
    for (const keyPath of ['', 'a..b', '.a', 'a.', '"a']) {
      expect(await refusal(write(keyPath, 1))).toMatchObject({
        data: { config_write_error_code: 'configPathNotFound' },
      });
    }
    expect(await refusal(write('mcp_servers.a.env', { A: '***' }))).toMatchObject({
      data: { config_write_error_code: 'configValidationError' },
    });
    expect(file()).toContain('model = "a"');
  });

  test('at the same time all count', async () => {
    await Promise.all([write('model', 'x'), write('review_model', 'y'), write('tui.theme', 'dark')]);
    expect(await call('config/read')).toMatchObject({
      config: { model: 'x', review_model: 'y', tui: { theme: 'dark' } },
    });
  });

  test('report a setting that counts over what was written', async () => {
    open(['model="of-the-run"']);
    expect(await write('model', 'mine')).toMatchObject({
      status: 'okOverridden',
      overriddenMetadata: { effectiveValue: 'of-the-run', overridingLayer: { name: { type: 'sessionFlags' } } },
    });
  });

  test('take names with dots in quotes', async () => {
    await write('projects."/x/y.z".trust_level', 'trusted');
    expect(file()).toContain('[projects."/x/y.z"]\ntrust_level = "trusted"\n');
  });
});

describe('the account', () => {
  test('is a key that is stored, never shown, and removed', async () => {
    expect(await call('account/read')).toEqual({ account: null, requiresOpenaiAuth: true });
    expect(await call('account/login/start', { type: 'apiKey', apiKey: ` ${SECRET}\n` })).toEqual({ type: 'apiKey' });
    expect(await here.client.until((sent) => sent[1])).toEqual({
      method: 'account/updated',
      params: { authMode: 'apikey', planType: null },
    });
    expect(statSync(join(here.home, 'auth.json')).mode & 0o777).toBe(0o600);
    const read = await call('account/read', { refreshToken: false });
    expect(read).toEqual({ account: { type: 'apiKey' }, requiresOpenaiAuth: true });
    expect(await call('account/logout')).toEqual({});
    expect(await call('account/read')).toMatchObject({ account: null });
    expect(JSON.stringify(here.client.sent)).not.toContain(SECRET);
  });

  test.each([{ type: 'chatgpt' }, { type: 'chatgptDeviceCode' }, { type: 'apiKey', apiKey: '  ' }])(
    'takes no sign-in like %j',
    async (params) => {
      expect((await refusal(call('account/login/start', params))).message).toContain('API key');
    },
  );

  test('has no sign-in to cancel and no limits to show', async () => {
    expect(await call('account/login/cancel', { loginId: 'x' })).toEqual({ status: 'notFound' });
    expect(await call('account/rateLimits/read')).toMatchObject({ rateLimits: { primary: null } });
  });
});

describe('lists', () => {
  test('of models start with the configured one, in pages', async () => {
    here.dir.write({ 'home/config.toml': 'model = "gpt-5"\n[model_prices.other]\ninput = 1\noutput = 2\n' });
    open();
    const first = await call('model/list', { limit: 1 });
    expect(first).toMatchObject({ data: [{ id: 'gpt-5', isDefault: true }], nextCursor: '1' });
    expect(await call('model/list', { cursor: '1' })).toMatchObject({ data: [{ id: 'other' }], nextCursor: null });
    for (const cursor of ['x', '-1', '9']) await refusal(call('model/list', { cursor }));
  });

  test('of skills have those of each folder, and what is wrong with others', async () => {
    here.dir.write({
      'project/.keel/skills/a/SKILL.md': '---\nname: a\ndescription: does a\n---\nText\n',
      'project/.keel/skills/b/SKILL.md': 'nothing\n',
    });
    const untrusted = { path: join(here.project, '.keel/skills'), message: expect.stringContaining('do not trust') };
    expect(await call('skills/list')).toMatchObject({ data: [{ skills: [], errors: [untrusted] }] });
    here.dir.write({ 'home/config.toml': `[projects.${JSON.stringify(here.project)}]\ntrust_level = "trusted"\n` });
    open();
    expect(await call('skills/list')).toMatchObject({
      data: [{ cwd: here.project, skills: [{ name: 'a', scope: 'repo', enabled: true }], errors: [{}] }],
    });
  });

  test('of servers start none', async () => {
    here.dir.write({ 'home/config.toml': '[mcp_servers.a]\ncommand = "touch"\nargs = ["started"]\n' });
    open();
    expect(await call('mcpServerStatus/list')).toMatchObject({
      data: [{ name: 'a', tools: {}, authStatus: 'unsupported', runtimeStatus: 'notStarted' }],
    });
  });

  test('of features say what is on; feedback is sent to nobody', async () => {
    expect(await call('experimentalFeature/list')).toMatchObject({
      data: [{ name: 'ghost_commit', enabled: true }, {}],
    });
    await refusal(call('feedback/upload', { classification: 'bug' }));
  });
});
