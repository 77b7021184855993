import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ConfigFile, Layer } from '../../../../src/storage/config/layers/index.ts';
import { agentSettings } from '../../../../src/storage/config/sections/agents.ts';
import { networkRules } from '../../../../src/storage/config/sections/network.ts';
import { sandboxPolicy, sandboxSettings } from '../../../../src/storage/config/sections/sandbox-settings.ts';
import { defaultLogPath, logSettings, telemetrySettings } from '../../../../src/storage/config/sections/telemetry.ts';
import { tuiSettings } from '../../../../src/storage/config/sections/tui.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const layerOf = (name: string, table: Layer['table'], text: string | null = null): Layer => ({ name, table, text });

describe('the settings of the terminal', () => {
  test('have defaults', () => {
    expect(tuiSettings()).toEqual({
      notifications: ['agent-turn-complete', 'approval-requested'],
      notificationMethod: 'auto',
      animations: true,
      screenReader: false,
      theme: 'auto',
      vim: false,
      keymap: {},
      statusLine: null,
    });
  });

  test.each<[NonNullable<ConfigFile['tui']>, object]>([
    [{ notifications: false }, { notifications: [] }],
    [{ notifications: true }, { notifications: ['agent-turn-complete', 'approval-requested'] }],
    [{ notifications: ['approval-requested'] }, { notifications: ['approval-requested'] }],
    [
      { keymap: { submit: 'ctrl+j', undo: ['ctrl+z', 'f2'] } },
      { keymap: { submit: ['ctrl+j'], undo: ['ctrl+z', 'f2'] } },
    ],
    [{ status_line: ['model'] }, { statusLine: { type: 'parts', parts: ['model'] } }],
    [{ status_line: { command: 'date' } }, { statusLine: { type: 'command', command: 'date' } }],
    [
      { vim: true, screen_reader: true, animations: false },
      { vim: true, screenReader: true, animations: false },
    ],
  ])('are read from %j', (table, settings) => {
    expect(tuiSettings(table)).toMatchObject(settings);
  });
});

describe('the collector', () => {
  test.each<[ConfigFile, null]>([
    [{}, null],
    [{ otel: {} }, null],
    [{ otel: { exporter: 'none', endpoint: 'http://c' } }, null],
    [{ otel: { exporter: {} } }, null],
  ])('is none with %j', (settings, collector) => {
    expect(telemetrySettings(settings)).toBe(collector);
  });

  test.each([
    ['http://c:4318', 'http://c:4318'],
    ['https://c/', 'https://c'],
    ['https://c/v1/traces', 'https://c'],
    ['https://c/otlp/v1/logs/', 'https://c/otlp'],
    ['https://c/v1/other', 'https://c/v1/other'],
  ])('at %s gets all signals below %s', (endpoint, base) => {
    expect(telemetrySettings({ otel: { exporter: 'otlp-http', endpoint } })?.endpoint).toBe(base);
    expect(telemetrySettings({ otel: { exporter: { 'otlp-http': { endpoint } } } })?.endpoint).toBe(base);
  });

  test.each(['c:4318', 'ftp://c', 'file:///c', ''])('can’t be at %j', (endpoint) => {
    expect(() => telemetrySettings({ otel: { exporter: 'otlp-http', endpoint } })).toThrow(
      /^otel\.endpoint: expected an http or https address/,
    );
  });

  test('gets no words of the user unless the settings say so', () => {
    expect(telemetrySettings({ otel: { exporter: 'otlp-http' } })).toEqual({
      endpoint: null,
      headers: {},
      envHeaders: {},
      environment: 'dev',
      logUserPrompt: false,
      logToolOutput: false,
    });
  });
});

describe('the log', () => {
  const place = { home: '/h', env: { HOME: '/users/me' }, cwd: '/w' };

  test.each<[ConfigFile, string]>([
    [{}, defaultLogPath('/h')],
    [{ log_file: '/var/log/k.log' }, '/var/log/k.log'],
    [{ log_file: 'k.log' }, '/w/k.log'],
    [{ log_file: '~/k.log' }, '/users/me/k.log'],
    [{ log_file: '~other/k.log' }, '/w/~other/k.log'],
  ])('with %j is %s', (settings, path) => {
    expect(logSettings(settings, place)).toEqual({ path, level: 'info' });
  });

  test.each([
    [undefined, 'info'],
    ['debug', 'debug'],
    [' WARN ', 'warn'],
    ['', 'error'],
  ])('has the level of KEEL_LOG = %j before that of the file', (level, expected) => {
    const env: Readonly<Record<string, string>> = level === undefined ? {} : { KEEL_LOG: level };
    const settings: ConfigFile = level === '' ? { log_level: 'error' } : {};
    expect(logSettings(settings, { ...place, env }).level).toBe(expected);
  });

  test('refuses a level that is none', () => {
    expect(() => logSettings({}, { ...place, env: { KEEL_LOG: 'loud' } })).toThrow(
      'KEEL_LOG = "loud": expected off, error, warn, info or debug',
    );
  });
});

describe('the hosts that commands may reach', () => {
  const settings = (network: object) => ({ sandbox: { network } });
  const rules = (network: object, ...more: object[]) =>
    networkRules(
      settings(network),
      [network, ...more].map((table, at) => layerOf(`layer ${at}`, settings(table))),
    );

  test('are null where there is no table, or it is switched off', () => {
    expect(networkRules({}, [])).toBeNull();
    expect(networkRules({ sandbox: {} }, [])).toBeNull();
    expect(rules({ allowed_domains: ['a.example'], enabled: false })).toBeNull();
  });

  test('are those that are named, in full mode', () => {
    expect(rules({ allowed_domains: ['a.example', '*.b.example'] })).toMatchObject({
      allowed: [expect.anything(), expect.anything()],
      denied: [],
      mode: 'full',
      allowLocalBinding: false,
    });
  });

  test('are without what any layer denies', () => {
    const found = rules({ denied_domains: ['a.example'] }, { denied_domains: ['b.example', 'c.example'] }, {});
    expect(found?.denied).toHaveLength(3);
  });

  test.each(['allowed_domains', 'denied_domains'])(
    'may not be malformed in %s, also where they are switched off',
    (key) => {
      expect(() => rules({ [key]: ['not a host!'], enabled: false })).toThrow(
        new RegExp(`^layer 0: sandbox\\.network\\.${key} should hold .*, got "not a host!"$`),
      );
    },
  );
});

describe('the roles of subagents', () => {
  type Agents = NonNullable<ConfigFile['agents']>;
  const read = (agents: Agents, cwd = '/', features: Readonly<Record<string, boolean>> = {}) =>
    agentSettings({ agents, features }, [layerOf('config.toml', { agents }, '[agents.poet]\nx = 1\n')], cwd);

  test('are none by default, and the tools are switched off', () => {
    expect(agentSettings({}, [], '/')).toEqual({ enabled: false, maxThreads: 6, maxDepth: 1, roles: [] });
  });

  test.each<[Readonly<Record<string, boolean>>, boolean]>([
    [{ multi_agent: true }, true],
    [{ collab: true }, true],
    [{ multi_agent: false, collab: true }, false],
  ])('are switched on by %j: %s', (features, enabled) => {
    expect(read({}, '/', features).enabled).toBe(enabled);
  });

  test('keep what is not set null', () => {
    const agents: Agents = JSON.parse('{"max_threads":3,"max_depth":2,"poet":{"description":"writes"}}');
    expect(read(agents)).toMatchObject({
      maxThreads: 3,
      maxDepth: 2,
      roles: [
        {
          name: 'poet',
          description: 'writes',
          model: null,
          effort: null,
          instructions: null,
          baseInstructions: null,
          sandboxMode: null,
        },
      ],
    });
  });

  test('have their text from a file, without its head', () => {
    using dir = tempDir();
    dir.write({ 'poet.md': '---\nname: poet\n---\n\nRhyme.\n', 'base.md': ' Base. \n' });
    const poet = { instructions_file: 'poet.md', model_instructions_file: 'base.md' };
    expect(read({ poet }, dir.path).roles[0]).toMatchObject({ instructions: 'Rhyme.', baseInstructions: 'Base.' });
  });

  test.each<[string, Agents[string], RegExp]>([
    ['both texts', { instructions: 'a', instructions_file: 'b' }, /instructions_file and instructions are both set/],
    ['no text', { instructions: ' \n' }, /agents\.poet\.instructions has no text/],
    ['a head alone', { instructions: '---\na: b\n---\n' }, /has no text/],
    ['a long text', { instructions: 'é'.repeat(2_049) }, /should be at most 4096 bytes, got 4098/],
    ['a file that is not there', { instructions_file: 'no.md' }, /names \/.*no\.md, which can't be read/],
    ['an empty file', { model_instructions_file: 'empty.md' }, /model_instructions_file names .*, which is empty/],
  ])('can’t have %s', (_, poet, fault) => {
    using dir = tempDir();
    dir.write({ 'empty.md': ' \n' });
    expect(() => read({ poet }, dir.path)).toThrow(fault);
    expect(() => read({ poet }, dir.path)).toThrow(/^config\.toml:1: /);
  });

  test.each([
    ['poet', true],
    ['p:poet', true],
    [`a${'b'.repeat(31)}`, true],
    [`a${'b'.repeat(32)}`, false],
    ['1poet', false],
    ['po et', false],
    ['a:b:c', false],
    ['</agent_role>', false],
    ['', false],
  ])('may be called %j: %s', (name, isValid) => {
    const reading = () => read({ [name]: { description: 'x' } });
    if (isValid) expect(reading().roles[0]?.name).toBe(name);
    else expect(reading).toThrow(/isn't a valid name for a role/);
  });
});

describe('the sandbox mode', () => {
  test('is read-only in a folder that nobody trusts, and else lets commands write', () => {
    using dir = tempDir();
    const trusted = { projects: { [dir.path]: { trust_level: 'trusted' as const } } };
    expect(sandboxPolicy({}, {}, dir.path)).toEqual({ mode: 'read-only' });
    expect(sandboxPolicy(trusted, {}, dir.path)).toMatchObject({ mode: 'workspace-write', network_access: false });
    expect(sandboxPolicy({ ...trusted, sandbox_mode: 'read-only' }, {}, dir.path)).toEqual({ mode: 'read-only' });
  });

  test('has each further root once, by its absolute name', () => {
    using dir = tempDir();
    dir.write({ 'in/x': '', 'out/x': '' });
    const settings = {
      sandbox_mode: 'workspace-write' as const,
      sandbox_workspace_write: { writable_roots: ['in', join(dir.path, 'in')] },
    };
    expect(sandboxPolicy(settings, { addDirs: ['out'] }, dir.path)).toMatchObject({
      writable_roots: [join(dir.path, 'in'), join(dir.path, 'out')],
    });
  });

  test.each([
    ['a file', 'file'],
    ['nothing', 'no'],
  ])('can’t have %s as a root', (_, name) => {
    using dir = tempDir();
    dir.write({ file: '' });
    const mode = { sandbox_mode: 'workspace-write' as const };
    expect(() => sandboxPolicy(mode, { addDirs: [name] }, dir.path)).toThrow(
      `--add-dir: ${join(dir.path, name)} is not a directory that exists`,
    );
    const roots = { ...mode, sandbox_workspace_write: { writable_roots: [name] } };
    expect(() => sandboxPolicy(roots, {}, dir.path)).toThrow(/^sandbox_workspace_write\.writable_roots: /);
  });

  test('that writes nothing can’t have further roots, and one without a sandbox needs none', () => {
    const cwd = realpathSync('/');
    expect(() => sandboxPolicy({ sandbox_mode: 'read-only' }, { addDirs: ['/a', '/b'] }, cwd)).toThrow(
      '--add-dir /a, /b: nothing can be written in read-only mode',
    );
    expect(sandboxPolicy({ sandbox_mode: 'danger-full-access' }, { addDirs: ['/a'] }, cwd)).toEqual({
      mode: 'danger-full-access',
    });
  });

  test('has the limits of its table', () => {
    expect(sandboxSettings({}, '/w')).toEqual({
      hidden: [],
      allowGitCommit: false,
      allowUnixSockets: false,
      maxProcesses: null,
      maxFileBytes: null,
    });
    const sandbox = {
      hidden_paths: ['secret', '/etc/x'],
      allow_unix_sockets: true,
      max_processes: 5,
      max_file_bytes: 9,
    };
    expect(sandboxSettings({ sandbox, sandbox_workspace_write: { allow_git_commit: true } }, '/w')).toEqual({
      hidden: ['/w/secret', '/etc/x'],
      allowGitCommit: true,
      allowUnixSockets: true,
      maxProcesses: 5,
      maxFileBytes: 9,
    });
  });
});
