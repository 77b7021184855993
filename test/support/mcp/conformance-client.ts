/**
 * The client of the protocol's conformance suite: keel's own connections, and its own sign-in with a browser that only follows
 * redirects. The suite starts it with the address of a scenario's server as the last word.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { McpConnections, signInTo } from '../../../src/models/mcp/index.ts';
import { CredentialFile, type McpHttpServer, type McpServer } from '../../../src/storage/config/index.ts';

const { MCP_CONFORMANCE_SCENARIO: scenario = '', MCP_CONFORMANCE_CONTEXT: context = '{}' } = process.env;
const url = process.argv.at(-1) ?? '';
const home = mkdtempSync(join(tmpdir(), 'keel-conformance-'));
const signal = AbortSignal.timeout(25_000);
/** As often as a user would sign in for one call. */
const MAX_SIGN_INS = 2;

/** What the suite takes for the address of a client's metadata document. */
const DOCUMENT = 'https://conformance-test.local/client-metadata.json';
const given: { client_id?: string; client_secret?: string } = JSON.parse(context);
const transport: McpHttpServer = {
  type: 'streamableHttp',
  url,
  bearerTokenEnvVar: null,
  httpHeaders: {},
  envHttpHeaders: {},
  oauth: {
    clientId: given.client_id ?? (scenario === 'auth/basic-cimd' ? DOCUMENT : null),
    clientSecretEnvVar: given.client_secret === undefined ? null : 'CLIENT_SECRET',
    scopes: null,
    callbackPort: null,
  },
};
const env = given.client_secret === undefined ? {} : { CLIENT_SECRET: given.client_secret };
const server: McpServer & { transport: McpHttpServer } = {
  name: 'suite',
  enabled: true,
  transport,
  startupTimeoutMs: 10_000,
  toolTimeoutMs: 10_000,
  enabledTools: null,
  disabledTools: [],
  tellsInstructions: false,
  approval: 'auto',
  toolApprovals: {},
};

/** A browser, which shows its page when the sign-in has ended. */
function follow(address: URL): void {
  const shown = fetch(address).then((response) => response.text());
  shown.catch((error: unknown) => console.error(`${scenario}: the browser: ${String(error)}`));
}

const wantsSignIn = (message: string) => message.includes('keel mcp login');
const asked = { scopes: null, way: 'browser', onAddress: follow, onCode: () => undefined } as const;
const signIn = () => signInTo({ server, env, file: new CredentialFile(home), ...asked, signal });

const connections = new McpConnections({
  servers: [server],
  env,
  home,
  launcher: { hasNetwork: () => true, launch: () => Promise.reject(new Error('nothing is started here')) },
  version: '0',
  startupWaitMs: 10_000,
  ask: () => Promise.resolve({ action: 'accept', content: {} }),
  log: (message) => console.error(message),
  onFailure: (message) => console.error(message),
});

async function run(): Promise<void> {
  for (let times = 0; ; times += 1) {
    await connections.startAll();
    const status = connections.servers()[0]?.status;
    if (status?.type === 'ready') break;
    const reason = status !== undefined && 'reason' in status ? status.reason : 'it did not start';
    if (times >= MAX_SIGN_INS || !wantsSignIn(reason)) throw new Error(reason);
    await signIn();
  }
  for (const tool of connections.tools().tools) {
    for (let times = 0; ; times += 1) {
      const args = tool.name === 'add_numbers' ? { a: 5, b: 3 } : {};
      const outcome = await connections.callTool(tool, args, signal);
      console.error(`${tool.name}: ${JSON.stringify(outcome)}`);
      if (outcome.type === 'answered' || !wantsSignIn(outcome.message) || times >= MAX_SIGN_INS) break;
      await signIn();
    }
  }
}

try {
  await run();
} catch (error) {
  console.error(`${scenario}: ${String(error)}`);
  process.exitCode = 1;
} finally {
  await connections.close();
  rmSync(home, { recursive: true, force: true });
}
