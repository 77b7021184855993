import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { jsonLines, type KeelRun, rolloutsIn, runKeel, startKeel, until } from '../../support/keel.ts';
import { type OAuthMcpServer, type OAuthMcpServerOptions, oauthMcpServer } from '../../support/mcp/oauth-server.ts';

const { home, repo } = freshPlaces();
const place = (url = 'http://127.0.0.1:9/v1') => ({ home: home.path, cwd: repo.path, url });
const keel = (...args: readonly string[]) => runKeel(args, place());
const credentials = () => join(home.path, '.credentials.json');

async function serverWithSettings(options: OAuthMcpServerOptions = {}): Promise<OAuthMcpServer> {
  const server = await oauthMcpServer(options);
  home.write({ 'config.toml': `[mcp_servers.web]\nurl = "${server.url}"\n` });
  return server;
}

/** Signs in with a browser that only follows redirects. */
async function login(...options: readonly string[]): Promise<KeelRun> {
  const live = startKeel(['mcp', 'login', 'web', '--no-browser', ...options], place());
  const address = () => /^http\S+\/authorize\S+$/m.exec(live.stderr())?.[0];
  await until(() => address() !== undefined || live.child.exitCode !== null);
  if (address() !== undefined) await (await fetch(address() ?? '')).text();
  return await live.ended;
}

test('a server that wants a sign-in is named with the remedy, and works after it; no token is shown anywhere', {
  timeout: 60_000,
}, async () => {
  await using server = await serverWithSettings();
  const before = await keel('mcp', 'test', 'web');
  expect(before).toMatchObject({ code: 1, stderr: expect.stringContaining('run `keel mcp login web`') });
  expect((await keel('doctor')).stdout).toContain('run `keel mcp login web`');
  const signedIn = await login();
  expect(signedIn).toMatchObject({ code: 0, stdout: expect.stringContaining('works and offers 4 tools') });
  expect(server.registrations).toMatchObject([{ client_name: 'keel', application_type: 'native' }]);
  expect(statSync(credentials()).mode & 0o777).toBe(0o600);
  const listed = await keel('mcp', 'list', '--json', '--show-secrets');
  expect(JSON.parse(listed.stdout)).toMatchObject([{ name: 'web', auth_status: 'o_auth' }]);
  await using model = await startModelServer([
    respond(functionCall('mcp__web__echo', { text: 'hello' }, 'call_1')),
    respond(functionCall('exec_command', { cmd: `cat ${credentials()}; env` }, 'call_2')),
    respond(message('ok'), usage({ input: 10, output: 1 })),
  ]);
  const run = await runKeel(['exec', '--json', 'go'], place(model.url));
  expect(model.requests.at(-1)?.outputOf('call_1')).toContain('echo: hello');
  const log = join(home.path, 'log', 'keel.log');
  const shown = [before, signedIn, listed, run].map(({ stdout, stderr }) => stdout + stderr);
  const kept = [...rolloutsIn(home.path), ...(existsSync(log) ? [log] : [])].map((path) => readFileSync(path, 'utf8'));
  for (const token of server.tokens) {
    for (const text of [...shown, ...kept, JSON.stringify(model.requests)]) expect(text).not.toContain(token);
  }
  expect((await keel('mcp', 'logout', 'web')).stderr).toBe('The sign-in to web is forgotten.\n');
  expect((await keel('mcp', 'test', 'web')).code).toBe(1);
});

test('processes that find the same token out of date refresh it once', async () => {
  await using server = await serverWithSettings();
  await login();
  server.expire();
  const runs = await Promise.all([1, 2, 3].map(() => keel('mcp', 'test', 'web')));
  expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(server.grants.map((grant) => grant.get('grant_type'))).toEqual(['authorization_code', 'refresh_token']);
});

test('a token that is about to end is refreshed before it is sent', async () => {
  await using server = await serverWithSettings({ expiresIn: 1 });
  await login();
  const count = server.requests.length;
  expect((await keel('mcp', 'test', 'web')).code).toBe(0);
  expect(server.grants.at(-1)?.get('grant_type')).toBe('refresh_token');
  expect(server.requests.length).toBeGreaterThan(count);
});

test('a sign-in that was taken back is asked for again', async () => {
  await using server = await serverWithSettings();
  await login();
  server.revoke();
  const { code, stderr } = await keel('mcp', 'test', 'web');
  expect([code, stderr]).toEqual([1, expect.stringContaining('run `keel mcp login web`')]);
});

test('a call that takes a further scope names it, and the next sign-in asks for it too', async () => {
  await using server = await serverWithSettings({ scopedTool: { tool: 'echo', scope: 'notes:write' } });
  await login('--scopes', 'notes:read');
  await using model = await startModelServer([
    respond(functionCall('mcp__web__echo', { text: 'x' }, 'call_1')),
    respond(message('ok'), usage({ input: 10, output: 1 })),
  ]);
  const run = await runKeel(['exec', '--json', 'go'], place(model.url));
  const [item] = jsonLines(run.stdout).flatMap(({ type, item: one }) =>
    type === 'item.completed' && one?.type === 'mcp_tool_call' ? [one] : [],
  );
  const words = 'it wants you to sign in for more (notes:write): run `keel mcp login web`';
  expect(item).toMatchObject({ status: 'failed', error: { message: expect.stringContaining(words) } });
  await login();
  expect(server.authorizations.at(-1)?.get('scope')).toBe('notes:read notes:write');
  await using again = await startModelServer([
    respond(functionCall('mcp__web__echo', { text: 'x' }, 'call_1')),
    respond(message('ok'), usage({ input: 10, output: 1 })),
  ]);
  await runKeel(['exec', 'go'], place(again.url));
  expect(again.requests.at(-1)?.outputOf('call_1')).toContain('echo: x');
});

test('a sign-in counts for the address it was made at', async () => {
  await using server = await serverWithSettings();
  await login();
  await using other = await oauthMcpServer();
  home.write({ 'config.toml': `[mcp_servers.web]\nurl = "${other.url}"\n` });
  expect((await keel('mcp', 'test', 'web')).code).toBe(1);
  expect(server.tokens.length).toBe(2);
  expect(other.grants).toEqual([]);
});

test('an authorization server that registers nobody: the error says what to set, and a configured client signs in', async () => {
  await using server = await serverWithSettings({ withoutRegistration: true });
  const failed = await login();
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('set oauth.client_id') });
  writeFileSync(
    join(home.path, 'config.toml'),
    `[mcp_servers.web]\nurl = "${server.url}"\nscopes = ["a", "b"]\noauth = { client_id = "mine" }\n`,
  );
  expect((await login()).code).toBe(0);
  const [asked] = server.authorizations;
  expect([asked?.get('client_id'), asked?.get('scope')]).toEqual(['mine', 'a b']);
});

test('only the answer with the state of the sign-in counts, and a refusal ends it', async () => {
  await using server = await serverWithSettings();
  const live = startKeel(['mcp', 'login', 'web', '--no-browser'], place());
  await until(() => /authorize\S+$/m.test(live.stderr()));
  const address = new URL(/^http\S+\/authorize\S+$/m.exec(live.stderr())?.[0] ?? '');
  const back = address.searchParams.get('redirect_uri') ?? '';
  expect((await fetch(`${back}?code=planted&state=guessed`)).status).toBe(400);
  expect((await fetch(new URL('/other', back))).status).toBe(404);
  const state = address.searchParams.get('state') ?? '';
  await fetch(`${back}?error=access_denied&state=${state}`);
  const { code, stderr } = await live.ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('access_denied')]);
  expect([server.grants, existsSync(credentials())]).toEqual([[], false]);
});
