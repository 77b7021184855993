import type { McpServer } from '@agentclientprotocol/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../../src/storage/config/index.ts';
import { abilitiesOf } from '../../../src/surfaces/acp/client.ts';
import { statusText } from '../../../src/surfaces/acp/prompt/status-text.ts';
import { withClientServers } from '../../../src/surfaces/acp/session/client-servers.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let config: Config;
beforeAll(async () => {
  home = tempDir();
  home.write({
    'config.toml':
      '[mcp_servers.docs]\ncommand = "configured-docs"\n[mcp_servers.other]\ncommand = "configured-other"\n',
  });
  config = await loadConfig({ env: { KEEL_HOME: home.path }, cwd: home.path, overrides: [], flags: {} });
});
afterAll(() => home[Symbol.dispose]());

const stdio = (more: object = {}): McpServer => ({
  name: 'docs',
  command: '/bin/docs',
  args: ['-x'],
  env: [],
  ...more,
});
const http = (more: object = {}): McpServer => ({
  type: 'http',
  name: 'web',
  url: 'https://example.com/mcp',
  headers: [],
  ...more,
});
const names = (servers: readonly McpServer[]) =>
  withClientServers(config, servers).config.mcpServers.map(({ name }) => name);

describe('servers of the client', () => {
  test('are beside the configured ones, and win over one of the same name', () => {
    expect(names([http()])).toEqual(['docs', 'other', 'web']);
    const both = withClientServers(config, [stdio()]).config.mcpServers;
    expect(both.map(({ name }) => name)).toEqual(['other', 'docs']);
    expect(both.at(-1)?.transport).toMatchObject({ type: 'stdio', command: '/bin/docs', args: ['-x'] });
  });

  test('are confined as the session’s commands, in its directory, with their own variables', () => {
    const { config: made } = withClientServers(config, [stdio({ env: [{ name: 'A', value: '1' }] })]);
    expect(made.mcpServers.at(-1)).toMatchObject({
      enabled: true,
      approval: 'auto',
      transport: { cwd: config.cwd, env: { A: '1' }, envVars: [], sandbox: 'session', networkAccess: null },
    });
  });

  test('by HTTP have their headers', () => {
    const { config: made } = withClientServers(config, [http({ headers: [{ name: 'X-A', value: '1' }] })]);
    expect(made.mcpServers.at(-1)?.transport).toMatchObject({
      type: 'streamableHttp',
      url: 'https://example.com/mcp',
      httpHeaders: { 'X-A': '1' },
      bearerTokenEnvVar: null,
    });
  });

  test.each<[McpServer, string]>([
    [stdio({ command: './docs' }), 'The MCP server docs is not used: its command is a relative path.'],
    [stdio({ command: 'bin/docs' }), 'The MCP server docs is not used: its command is a relative path.'],
    [http({ url: 'no address' }), 'The MCP server web is not used: its address is not a URL.'],
    [
      { type: 'sse', name: 'old', url: 'https://example.com/sse', headers: [] },
      'The MCP server old is not used: its transport is sse; keel starts programs and speaks streamable HTTP.',
    ],
  ])('%j: %s', (server, fault) => {
    const made = withClientServers(config, [server]);
    expect(made.faults).toEqual([fault]);
    expect(made.config.mcpServers.map(({ name }) => name)).toEqual(['docs', 'other']);
  });

  test('that are found on the path, or named whole, can be used', () => {
    for (const command of ['docs', '/usr/bin/docs'])
      expect(withClientServers(config, [stdio({ command })]).faults).toEqual([]);
  });

  test('of one name are one server: the last', () => {
    expect(names([stdio({ name: 'a', command: 'one' }), stdio({ name: 'a', command: 'two' })])).toEqual([
      'docs',
      'other',
      'a',
    ]);
  });

  test('have secrets that are kept out of everything, of the unusable ones too', () => {
    const servers = [
      stdio({
        env: [
          { name: 'API_KEY', value: 'sk-secret-1' },
          { name: 'LANG', value: 'C' },
        ],
      }),
      stdio({ command: './x', env: [{ name: 'PASSWORD', value: 'sk-secret-2' }] }),
      http({
        headers: [
          { name: 'Authorization', value: 'Bearer secret-3' },
          { name: 'Accept', value: 'text/plain' },
        ],
      }),
    ];
    const { values } = withClientServers(config, servers).config.secrets;
    expect(values).toEqual(expect.arrayContaining(['sk-secret-1', 'sk-secret-2', 'Bearer secret-3']));
    expect(values).not.toContain('C');
    expect(values).not.toContain('text/plain');
  });

  test('leave the configuration that was loaded as it was', () => {
    const before = JSON.stringify(config.mcpServers);
    withClientServers(config, [stdio(), http()]);
    expect(JSON.stringify(config.mcpServers)).toBe(before);
    expect(withClientServers(config, []).config.mcpServers).toEqual(config.mcpServers);
  });
});

describe('what a client can do', () => {
  const nothing = {
    hasNotices: false,
    hasCompactions: false,
    hasForms: false,
    opensPages: false,
    hasTerminalOutput: false,
    hasTerminalLogin: false,
    readsFiles: false,
    writesFiles: false,
  };

  test.each([
    [undefined, {}],
    [{}, {}],
    [{ session: { notices: {} } }, { hasNotices: true }],
    [{ session: { notices: null, compaction: {} } }, { hasCompactions: true }],
    [{ elicitation: { form: {} } }, { hasForms: true }],
    [{ elicitation: { url: {} } }, { opensPages: true }],
    [{ elicitation: { form: null } }, {}],
    [{ _meta: { terminal_output: true } }, { hasTerminalOutput: true }],
    [{ _meta: { terminal_output: 'yes' } }, {}],
    [{ auth: { terminal: true } }, { hasTerminalLogin: true }],
    [{ fs: { readTextFile: true } }, { readsFiles: true }],
    [{ fs: { readTextFile: false, writeTextFile: true } }, { writesFiles: true }],
  ])('%j is %j', (capabilities, can) => {
    expect(abilitiesOf(capabilities)).toEqual({ ...nothing, ...can });
  });
});

test.each([
  ['high', 'gpt-5 (high), '],
  [null, 'gpt-5, '],
])('the status names the model with the effort %s', (effort, text) => {
  const settings = { model: 'gpt-5', effort, approvalPolicy: 'never', sandboxPolicy: { mode: 'read-only' } } as const;
  const shown = statusText(settings, config, 'thread_1');
  expect(shown).toContain(`- **Model**: ${text}`);
  expect(shown).toContain('- **Mode**: read-only, approval policy never');
  expect(shown).toContain(`- **Directory**: ${config.cwd}\n- **Thread**: thread_1`);
});
