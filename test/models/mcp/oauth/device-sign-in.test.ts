import { describe, expect, onTestFinished, test } from 'vitest';
import { signInTo } from '../../../../src/models/mcp/index.ts';
import { CredentialFile, loadConfig } from '../../../../src/storage/config/index.ts';
import { freshPlaces } from '../../../support/fresh-places.ts';
import { type OAuthMcpServerOptions, oauthMcpServer } from '../../../support/mcp/oauth-server.ts';

const { home, repo } = freshPlaces();
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const DEVICE = { errors: [] } as const;

/** A sign-in to a scripted server, with what the user was shown. */
async function signIn(
  device: NonNullable<OAuthMcpServerOptions['device']> | null,
  { way = 'device', settings = '' }: { way?: 'device' | 'deviceIfOffered'; settings?: string } = {},
) {
  const server = await oauthMcpServer(device === null ? {} : { device });
  onTestFinished(() => server[Symbol.asyncDispose]());
  home.write({ 'config.toml': `[mcp_servers.web]\nurl = "${server.url}"\n${settings}` });
  const env = { KEEL_HOME: home.path, KEEL_API_KEY: 'k', CLIENT_SECRET: 'very secret' };
  const config = await loadConfig({ env, cwd: repo.path, overrides: [], flags: {} });
  const [entry] = config.mcpServers;
  if (entry === undefined || entry.transport.type === 'stdio') throw new Error('the server is not read');
  const { transport } = entry;
  const file = new CredentialFile(home.path);
  const shown: object[] = [];
  const done = () =>
    signInTo({
      server: { ...entry, transport },
      env,
      file,
      scopes: ['notes:read'],
      way,
      onAddress: (address) => {
        // The user has no browser here.
        shown.push({ address: address.pathname });
        controller.abort(new Error('no browser'));
      },
      onCode: (code) => void shown.push(code),
      signal: controller.signal,
    });
  const controller = new AbortController();
  return { server, shown, done, kept: () => file.read(entry) };
}

describe('a sign-in to an MCP server by a code', () => {
  test('waits until the code was entered, and keeps the tokens', async () => {
    const { server, shown, done, kept } = await signIn({ errors: ['authorization_pending', 'authorization_pending'] });
    await done();
    const { origin } = new URL(server.url);
    const complete = `${origin}/enter?user_code=WDJB-MJHT`;
    expect(shown).toEqual([{ address: `${origin}/enter`, code: 'WDJB-MJHT', complete }]);
    expect(server.codes.map((asked) => Object.fromEntries(asked))).toEqual([
      { client_id: 'client-1', scope: 'notes:read', resource: server.url },
    ]);
    expect(server.registrations).toMatchObject([{ client_name: 'keel', grant_types: [DEVICE_GRANT, 'refresh_token'] }]);
    expect(server.grants.map((asked) => [asked.get('grant_type'), asked.get('device_code')])).toEqual(
      [1, 2, 3].map(() => [DEVICE_GRANT, 'device-1']),
    );
    expect(kept()).toMatchObject({
      redirect_url: null,
      tokens: { access_token: server.tokens[0], scope: 'notes:read' },
      resource: server.url,
    });
  });

  test('is used where it is offered, and the browser where it is not', async () => {
    const offered = await signIn(DEVICE, { way: 'deviceIfOffered' });
    await offered.done();
    expect(offered.server.authorizations).toEqual([]);
    const other = await signIn(null, { way: 'deviceIfOffered' });
    await expect(other.done()).rejects.toThrow('no browser');
    expect(other.shown).toEqual([{ address: '/authorize' }]);
  });

  test('finds the address for codes in an OpenID document too', async () => {
    const { done, kept } = await signIn({ errors: [], isOpenIdOnly: true });
    await done();
    expect(kept()).not.toBeNull();
  });

  test('authenticates a client that has a secret', async () => {
    const settings = 'oauth = { client_id = "mine", client_secret_env_var = "CLIENT_SECRET" }\n';
    const { server, done } = await signIn(DEVICE, { settings });
    await done();
    expect(server.registrations).toEqual([]);
    expect(server.codes[0]?.get('client_id')).toBe('mine');
  });

  test('uses its registration again', async () => {
    const { server, done } = await signIn(DEVICE);
    await done();
    await done();
    expect([server.registrations.length, server.codes.length]).toEqual([1, 2]);
  });

  test.each([
    ['the user refuses', { errors: ['access_denied'] }, /access_denied/],
    ['the code is too old', { errors: ['authorization_pending', 'expired_token'] }, /not entered in time/],
    ['the page is not encrypted', { errors: [], page: 'http://elsewhere.example/enter' }, /must start with https/],
    ['there are no codes', null, /gives out no codes/],
  ])('ends with a reason where %s', async (_, device, reason) => {
    const { done, kept } = await signIn(device);
    await expect(done()).rejects.toThrow(reason);
    expect(kept()).toBeNull();
  });
});
