import { describe, expect, onTestFinished, test } from 'vitest';
import { signInTo } from '../../../../src/models/mcp/index.ts';
import { deviceEndpoint } from '../../../../src/models/mcp/oauth/device-provider.ts';
import { CredentialFile, loadConfig } from '../../../../src/storage/config/index.ts';
import { freshPlaces } from '../../../support/fresh-places.ts';
import { type OAuthMcpServerOptions, oauthMcpServer } from '../../../support/mcp/oauth-server.ts';

const { home, repo } = freshPlaces();
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const DEVICE = { errors: [] } as const;

/** A sign-in to a scripted server, with what the user was shown. */
async function signIn(
  device: NonNullable<OAuthMcpServerOptions['device']> | null,
  {
    way = 'device',
    settings = '',
    openId,
  }: { way?: 'device' | 'deviceIfOffered'; settings?: string; openId?: 'page' | 'broken' } = {},
) {
  const given = { ...(device === null ? {} : { device }), ...(openId === undefined ? {} : { openId }) };
  const server = await oauthMcpServer(given);
  onTestFinished(() => server[Symbol.asyncDispose]());
  home.write({ 'config.toml': `[mcp_servers.web]\nurl = "${server.url}"\n${settings}` });
  const env = { KEEL_HOME: home.path, KEEL_API_KEY: 'k', CLIENT_SECRET: 'very secret' };
  const config = await loadConfig({ env, cwd: repo.path, overrides: [], flags: {} });
  const [entry] = config.mcpServers;
  if (entry === undefined || entry.transport.type === 'stdio') throw new Error('the server is not read');
  const { transport } = entry;
  const file = new CredentialFile(home.path);
  const shown: object[] = [];
  const waits: number[] = [];
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
      wait: async (ms) => void waits.push(ms),
    });
  const controller = new AbortController();
  return { server, shown, waits, done, kept: () => file.read(entry) };
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

  test('waits as long as the server says, and longer once it is asked to', async () => {
    const { waits, done } = await signIn({ errors: ['authorization_pending', 'slow_down', 'authorization_pending'] });
    await done();
    expect(waits).toEqual([5_000, 5_000, 10_000, 10_000]);
  });

  test.each<[string, number, number, number]>([
    ['nothing', 0, 60, 1_000],
    ['almost nothing', 0.01, 60, 1_000],
    ['a day', 86_400, 600, 600_000],
    ['more than a timer can wait', 1e7, 60, 60_000],
    ['more than a timer can wait, for a code that lasts as long', 1e7, 1e8, 1_800_000],
  ])(
    'waits neither without pause nor longer than the code lasts where the interval is %s',
    async (_, interval, expiresIn, limitMs) => {
      const { waits, done } = await signIn({ errors: ['authorization_pending'], interval, expiresIn });
      await done();
      expect(waits).toHaveLength(2);
      for (const ms of waits) {
        expect(ms).toBeLessThanOrEqual(limitMs);
        // The code lasts from when it came.
        expect(ms).toBeGreaterThan(limitMs === 1_000 ? 999 : limitMs - 30_000);
      }
    },
  );

  test.each([
    ['is a page', 'page'],
    ["can't be fetched", 'broken'],
  ] as const)('uses the browser where the OpenID document %s', async (_, openId) => {
    const { shown, done } = await signIn(null, { way: 'deviceIfOffered', openId });
    await expect(done()).rejects.toThrow('no browser');
    expect(shown).toEqual([{ address: '/authorize' }]);
  });

  test('shows one code, also where that is refused as invalid', async () => {
    const errors = ['authorization_pending', ...Array<string>(5).fill('invalid_grant')];
    const { server, shown, done, kept } = await signIn({ errors });
    await expect(done()).rejects.toThrow(/invalid_grant/);
    expect([server.codes.length, shown.length, kept()]).toEqual([1, 1, null]);
  });

  test('asks for another code where its registration is forgotten', async () => {
    const { server, done } = await signIn({ errors: ['invalid_client'] });
    await done();
    expect([server.registrations.length, server.codes.length]).toEqual([2, 2]);
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

describe('where codes are given out', () => {
  const knownFrom = (issuer: string) => ({
    authorizationServerUrl: issuer,
    authorizationServerMetadata: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      response_types_supported: ['code'],
    },
  });

  test('is not asked for without encryption', async () => {
    const asked: unknown[] = [];
    const found = deviceEndpoint(
      knownFrom('http://elsewhere.example'),
      async (address) => {
        asked.push(address);
        return new Response('{}');
      },
      new AbortController().signal,
    );
    await expect(found).rejects.toThrow(/must start with https/);
    expect(asked).toEqual([]);
  });

  test('is not found out after an interrupt, which is passed on', async () => {
    const stop = new AbortController();
    const found = deviceEndpoint(
      knownFrom('https://elsewhere.example'),
      async () => {
        stop.abort(new Error('stopped'));
        throw new TypeError('fetch failed');
      },
      stop.signal,
    );
    await expect(found).rejects.toThrow('stopped');
  });
});
