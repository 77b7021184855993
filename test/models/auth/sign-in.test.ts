import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { browserSignIn, deviceSignIn, Issuer } from '../../../src/models/auth/index.ts';
import { HttpTransport } from '../../../src/models/client/index.ts';
import { NEVER } from '../support.ts';
import { challengeOf, idToken, issuerServer, tokensOf } from './issuer-server.ts';

function issuerAt(url: string): Issuer {
  const transport = new HttpTransport({ env: {} });
  onTestFinished(() => transport.close());
  return new Issuer({ issuer: url, clientId: 'client-1', transport, nowMs: () => 1_000 });
}

const stored = {
  accessToken: 'access-secret-1',
  refreshToken: 'refresh-secret-1',
  idToken,
  accountId: 'account-1',
  refreshedAtMs: 1_000,
};

/** A sign-in that waits for its browser. */
async function started(
  url: string,
  { port = null, signal = NEVER }: { port?: number | null; signal?: AbortSignal } = {},
) {
  const shown = Promise.withResolvers<URL>();
  const tokens = browserSignIn({
    issuer: issuerAt(url),
    signal,
    port,
    onAddress: (address) => shown.resolve(new URL(address)),
  });
  tokens.catch(shown.reject);
  const { searchParams } = await shown.promise;
  const redirect = new URL(searchParams.get('redirect_uri') ?? '');
  redirect.hostname = '127.0.0.1';
  /** What the browser does when the issuer sends it back. */
  const comeBack = async (fields: Record<string, string>, path = redirect.pathname) => {
    const address = new URL(redirect);
    address.pathname = path;
    address.search = new URLSearchParams(fields).toString();
    return (await fetch(address)).status;
  };
  return { tokens, searchParams, redirect, comeBack, state: searchParams.get('state') ?? '' };
}

describe('a sign-in by a browser', () => {
  test('exchanges its code with the verifier that only it knows', async () => {
    const server = await issuerServer(() => [200, tokensOf(1)]);
    const { tokens, searchParams, comeBack, state, redirect } = await started(server.url);

    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'client-1',
      scope: 'openid profile email offline_access',
      code_challenge_method: 'S256',
    });
    expect(await comeBack({ code: 'code-1', state })).toBe(200);
    expect(await tokens).toEqual(stored);
    const [request] = server.requests;
    expect(request?.fields).toMatchObject({
      grant_type: 'authorization_code',
      code: 'code-1',
      redirect_uri: `http://localhost:${redirect.port}/auth/callback`,
    });
    expect(challengeOf(request?.fields['code_verifier'])).toBe(searchParams.get('code_challenge'));
  });

  test('takes no code of another sign-in, and still waits for its own', async () => {
    const server = await issuerServer(() => [200, tokensOf(1)]);
    const { tokens, comeBack, state } = await started(server.url);

    expect(await comeBack({ code: 'evil', state: 'x'.repeat(state.length) })).toBe(400);
    expect(await comeBack({ code: 'evil' })).toBe(400);
    expect(await comeBack({ code: 'evil', state }, '/other')).toBe(404);
    await comeBack({ code: 'code-1', state });
    await tokens;
    expect(server.requests.map(({ fields }) => fields['code'])).toEqual(['code-1']);
  });

  test.each([
    ['the user refuses', { error: 'access_denied', error_description: 'No, thanks.' }, /refused: No, thanks\./],
    ['there is no code', {}, /it brought no code/],
  ])('is an error in words where %s', async (_, fields, expected) => {
    const server = await issuerServer(() => [200, tokensOf(1)]);
    const { tokens, comeBack, state } = await started(server.url);
    const failed = expect(tokens).rejects.toThrow(expected);
    await comeBack({ ...fields, state });
    await failed;
    expect(server.requests).toEqual([]);
  });

  test('that the issuer refuses says why, without a token', async () => {
    const refusal = { error: 'invalid_grant', error_description: 'expired', access_token: 'access-secret-1' };
    const server = await issuerServer(() => [400, refusal]);
    const { tokens, comeBack, state } = await started(server.url);
    const failed = expect(tokens).rejects.toThrow(/not completed \(expired\)$/);
    await comeBack({ code: 'code-1', state });
    await failed;
  });

  test('takes the port from one that was left waiting', async () => {
    const server = await issuerServer(() => [200, tokensOf(1)]);
    const first = await started(server.url);
    const cancelled = expect(first.tokens).rejects.toThrow('another sign-in was started');
    const second = await started(server.url, { port: Number(first.redirect.port) });
    await cancelled;
    await second.comeBack({ code: 'code-2', state: second.state });

    expect((await second.tokens).accessToken).toBe('access-secret-1');
  });

  test('ends with an interrupt, and frees its port', async () => {
    const server = await issuerServer(() => [200, tokensOf(1)]);
    const interrupt = new AbortController();
    const { tokens, comeBack, state } = await started(server.url, { signal: interrupt.signal });
    const ended = expect(tokens).rejects.toThrow('interrupted');
    interrupt.abort(new Error('interrupted'));
    await ended;
    await sleep(0);
    await expect(comeBack({ code: 'late', state })).rejects.toThrow();
  });
});

describe('a sign-in by a code', () => {
  const codes = { device_auth_id: 'device-1', user_code: 'ABCD-1234', interval: '0.01' };
  const start = async (url: string) => {
    const shown: string[] = [];
    const onCode = (address: string, code: string) => shown.push(address, code);
    const tokens = await deviceSignIn({ issuer: issuerAt(url), signal: NEVER, nowMs: Date.now, onCode });
    return { shown, tokens };
  };

  test('asks until the code was entered', async () => {
    const server = await issuerServer(({ path }) => {
      if (path.endsWith('/usercode')) return [200, codes];
      if (path.endsWith('/oauth/token')) return [200, tokensOf(1)];
      const asked = server.count(path);
      return asked < 3
        ? [asked === 1 ? 403 : 404, {}]
        : [200, { authorization_code: 'code-1', code_verifier: 'verifier-1' }];
    });
    const { shown, tokens } = await start(server.url);

    expect(tokens).toEqual(stored);
    expect(shown).toEqual([`${server.url}/codex/device`, 'ABCD-1234']);
    expect(server.requests.at(-1)?.fields).toMatchObject({ code: 'code-1', code_verifier: 'verifier-1' });
    expect(server.requests[1]?.fields).toEqual({ device_auth_id: 'device-1', user_code: 'ABCD-1234' });
  });

  test('waits no longer than its time, whatever the issuer says', async () => {
    const server = await issuerServer(({ path }) =>
      path.endsWith('/usercode') ? [200, { ...codes, interval: '86400' }] : [403, {}],
    );
    const times = [0, 0, 899_990];
    const options = { issuer: issuerAt(server.url), signal: NEVER, onCode: () => undefined };
    const tokens = deviceSignIn({ ...options, nowMs: () => times.shift() ?? 900_000 });
    await expect(tokens).rejects.toThrow('not entered within 15 minutes');
  });

  test.each([
    ['has no codes', [404, {}] as const, [404, {}] as const, /gives out no codes/],
    ['refuses', [200, codes] as const, [410, {}] as const, /refused \(status 410\)/],
  ])('ends where the issuer %s', async (_, first, later, expected) => {
    const server = await issuerServer(({ path }) => (path.endsWith('/usercode') ? first : later));
    await expect(start(server.url)).rejects.toThrow(expected);
  });
});
