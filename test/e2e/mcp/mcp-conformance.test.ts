import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keelBin } from '../../support/keel.ts';
import { stdioBridge } from '../../support/mcp/stdio-bridge.ts';
import { keelHome } from '../../support/temp-dir.ts';

const SUITE = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol/conformance/dist/index.js');
const CLIENT = join(import.meta.dirname, '../../support/mcp/conformance-client.ts');
/** Each takes two processes and some seconds: all of them run where KEEL_CONFORMANCE is set. */
const FEW = ['auth/metadata-var3', 'auth/scope-step-up'];
const PATIENCE = { timeout: 90_000 };
/**
 * Left out: `auth/2025-03-26-oauth-metadata-backcompat`, whose server names another issuer than it has (RFC 8414, section 3.3), and
 * the grants of clients without a user.
 */
const OTHERS = [
  ...[
    'initialize',
    'tools_call',
    'auth/resource-mismatch',
    'sse-retry',
    'elicitation-sep1034-client-defaults',
    'auth/pre-registration',
    'auth/token-endpoint-auth-basic',
    'auth/metadata-default',
  ],
  ...['auth/metadata-var1', 'auth/metadata-var2', 'auth/basic-cimd'],
  ...['auth/scope-from-www-authenticate', 'auth/scope-from-scopes-supported', 'auth/scope-omitted-when-undefined'],
  ...['auth/scope-retry-limit', 'auth/token-endpoint-auth-post', 'auth/token-endpoint-auth-none'],
  ...['auth/2025-03-26-oauth-endpoint-fallback', 'auth/offline-access-scope', 'auth/offline-access-not-supported'],
];

const runsAll = process.env['KEEL_CONFORMANCE'] !== undefined;

test.for(runsAll ? [...FEW, ...OTHERS] : FEW)('conformance of the client: %s', PATIENCE, async (scenario) => {
  expect(
    await suite('client', '--command', `${process.execPath} ${CLIENT}`, '--scenario', scenario, '--timeout', '60000'),
  ).toBe('passed');
});

test('conformance of keel mcp-server: what applies to a server with two tools', PATIENCE, async () => {
  using home = keelHome();
  const env = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'none' };
  await using bridge = await stdioBridge(process.execPath, [keelBin, 'mcp-server'], env);
  for (const scenario of runsAll ? ['server-initialize', 'ping', 'tools-list'] : ['tools-list']) {
    expect(await suite('server', '--url', bridge.url, '--scenario', scenario)).toBe('passed');
  }
});

/** `passed`, or all that the suite says. */
async function suite(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [SUITE, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  }
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  return (await promise) === 0 ? 'passed' : text;
}
