import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { keelBin } from '../../support/keel.ts';
import { stdioBridge } from '../../support/mcp/stdio-bridge.ts';
import { keelHome } from '../../support/temp-dir.ts';

const SUITE = join(import.meta.dirname, '../../../node_modules/@modelcontextprotocol/conformance/dist/index.js');
const CLIENT = join(import.meta.dirname, '../../support/mcp/conformance-client.ts');
/**
 * One of each kind. A scenario takes two processes and 3 s of processor time, so that all of them take some 35 s of two cores: they run
 * where KEEL_CONFORMANCE is set.
 */
const KINDS = [
  ...['initialize', 'tools_call', 'sse-retry', 'elicitation-sep1034-client-defaults'],
  ...['auth/metadata-var3', 'auth/token-endpoint-auth-basic', 'auth/offline-access-scope'],
  ...['auth/scope-step-up', 'auth/scope-retry-limit'],
];
/**
 * Left out: `auth/2025-03-26-oauth-metadata-backcompat`, whose server names another issuer than it has (RFC 8414, section 3.3), and
 * the grants of clients without a user.
 */
const OTHERS = [
  ...['auth/metadata-default', 'auth/metadata-var1', 'auth/metadata-var2', 'auth/basic-cimd'],
  ...['auth/scope-from-www-authenticate', 'auth/scope-from-scopes-supported', 'auth/scope-omitted-when-undefined'],
  ...['auth/pre-registration', 'auth/resource-mismatch'],
  ...['auth/token-endpoint-auth-post', 'auth/token-endpoint-auth-none'],
  ...['auth/2025-03-26-oauth-endpoint-fallback', 'auth/offline-access-not-supported'],
];
const PATIENCE = { timeout: 180_000 };
const scenarios = process.env['KEEL_CONFORMANCE'] === undefined ? KINDS : [...KINDS, ...OTHERS];

/** Two scenarios run at a time: each has times of its own, which many at once would miss. */
const results = new Map<string, PromiseWithResolvers<string>>(
  scenarios.map((scenario) => [scenario, Promise.withResolvers<string>()]),
);

beforeAll(() => {
  const waiting = [...scenarios];
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const command = `${process.execPath} ${CLIENT}`;
      const run = suite('client', '--command', command, '--scenario', next, '--timeout', '60000');
      results.get(next)?.resolve(run);
      await run;
    }
  };
  void lane();
  void lane();
});

test.for(scenarios)('conformance of the client: %s', PATIENCE, async (scenario) => {
  expect(await results.get(scenario)?.promise).toBe('passed');
});

test('conformance of keel mcp-server: what applies to a server with two tools', PATIENCE, async () => {
  using home = keelHome();
  const env = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'none' };
  await using bridge = await stdioBridge(process.execPath, [keelBin, 'mcp-server'], env);
  for (const scenario of ['server-initialize', 'ping', 'tools-list']) {
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
