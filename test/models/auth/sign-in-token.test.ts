import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { renewableCredentials } from '../../../src/models/auth/index.ts';
import { resolveCredentials } from '../../../src/models/client/index.ts';
import { type Config, loadConfig, secretValues } from '../../../src/storage/config/index.ts';
import { httpError, message, respond, startModelServer } from '../../../src/testing/index.ts';
import { testSession } from '../../support/session.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { clientOf, collect, NEVER } from '../support.ts';
import { issuerServer, jwt, tokensOf } from './issuer-server.ts';

let home: TempDir;
beforeEach(() => {
  home = tempDir();
  onTestFinished(() => home[Symbol.dispose]());
});

function signedIn(tokens: object, refreshed = new Date().toISOString()): void {
  const file = {
    OPENAI_API_KEY: null,
    tokens: { ...tokens, account_id: 'account-1' },
    last_refresh: refreshed,
    more: 1,
  };
  home.write({ 'auth.json': JSON.stringify(file) });
}

const stored = () => JSON.parse(readFileSync(join(home.path, 'auth.json'), 'utf8'));

async function configWith(issuer: string, modelUrl: string): Promise<Config> {
  const env = { HOME: home.path, KEEL_HOME: home.path };
  const overrides = [`chatgpt_issuer="${issuer}"`, `openai_base_url="${modelUrl}"`];
  return loadConfig({ env, cwd: home.path, overrides, flags: {}, systemDir: home.path });
}

describe('the token of a sign-in', () => {
  test('authorises requests, with the account beside it, where there is no key', async () => {
    signedIn(tokensOf(1));
    await using server = await startModelServer([respond(message('hi'))]);
    const config = await configWith('https://issuer.invalid', server.url);
    await collect(clientOf(config.provider, { renewable: renewableCredentials(config) }));

    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer access-secret-1',
      'chatgpt-account-id': 'account-1',
    });
    expect(resolveCredentials(config.provider, { OPENAI_API_KEY: 'key' }, config.storedKey).bearer).toBe('key');
  });

  test('has models of its own address', async () => {
    signedIn(tokensOf(1));
    const load = (env: Record<string, string>) =>
      loadConfig({ env: { HOME: home.path, KEEL_HOME: home.path, ...env }, cwd: home.path, overrides: [], flags: {} });

    expect((await load({})).provider.baseUrl).toBe('https://chatgpt.com/backend-api/codex');
    expect((await load({ OPENAI_API_KEY: 'k' })).provider.baseUrl).toBe('https://api.openai.com/v1');
  });

  test('model 24: is renewed once on 401, stored, and the request is made with the new one', async () => {
    signedIn(tokensOf(1));
    const issuer = await issuerServer(() => [200, { access_token: 'access-secret-2' }]);
    await using server = await startModelServer([httpError(401, 'old'), respond(message('a')), respond(message('b'))]);
    const config = await configWith(issuer.url, server.url);
    const client = clientOf(config.provider, { renewable: renewableCredentials(config) });
    const { ino } = statSync(join(home.path, 'auth.json'));
    await collect(client);
    await collect(client);

    const sent = server.requests.map(({ headers }) => headers.authorization);
    expect(sent).toEqual(['Bearer access-secret-1', 'Bearer access-secret-2', 'Bearer access-secret-2']);
    // A sandboxed command that runs meanwhile can't read this file; one that took its place would be open to it.
    expect(statSync(join(home.path, 'auth.json'))).toMatchObject({ ino });
    expect(issuer.requests.map(({ fields }) => fields)).toEqual([
      {
        client_id: 'client-1',
        grant_type: 'refresh_token',
        refresh_token: 'refresh-secret-1',
        scope: 'openid profile email',
      },
    ]);
    expect(stored()).toMatchObject({
      OPENAI_API_KEY: null,
      more: 1,
      tokens: { access_token: 'access-secret-2', refresh_token: 'refresh-secret-1', account_id: 'account-1' },
    });
    expect(statSync(join(home.path, 'auth.json')).mode & 0o777).toBe(0o600);
  });

  test.each([
    ['is about to end', jwt({ exp: Date.now() / 1_000 + 5 }), new Date().toISOString()],
    ['is older than eight days', 'access-secret-1', '2020-01-01T00:00:00Z'],
  ])('is renewed before a request where it %s', async (_, access_token, refreshed) => {
    signedIn({ ...tokensOf(1), access_token }, refreshed);
    const issuer = await issuerServer(() => [200, tokensOf(2)]);
    const config = await configWith(issuer.url, 'http://127.0.0.1:1/v1');

    expect((await renewableCredentials(config)?.current(NEVER))?.bearer).toBe('access-secret-2');
  });

  test('is renewed by one process, and the others find it', async () => {
    signedIn(tokensOf(1), '2020-01-01T00:00:00Z');
    const issuer = await issuerServer(({ fields }) => {
      const isFirst = fields['refresh_token'] === 'refresh-secret-1' && issuer.requests.length === 1;
      return isFirst ? [200, tokensOf(2)] : [400, { error: 'refresh_token_reused' }];
    });
    const root = join(import.meta.dirname, '../../../src');
    const script = `
      const { loadConfig } = await import(${JSON.stringify(join(root, 'storage/config/index.ts'))});
      const { renewableCredentials } = await import(${JSON.stringify(join(root, 'models/auth/index.ts'))});
      const overrides = ['chatgpt_issuer="${issuer.url}"', 'openai_base_url="http://127.0.0.1:1/v1"'];
      const config = await loadConfig({ env: process.env, cwd: process.cwd(), overrides, flags: {} });
      console.log((await renewableCredentials(config).current(new AbortController().signal)).bearer);`;
    const env = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path };
    const run = () =>
      promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { env, cwd: home.path });
    const outputs = await Promise.all([run(), run(), run()]);

    expect(outputs.map(({ stdout }) => stdout)).toEqual(Array(3).fill('access-secret-2\n'));
    expect(issuer.requests).toHaveLength(1);
  }, 90_000);

  test('that can’t be renewed ends the turn in words; no secret is in a record, a log or an error', async () => {
    signedIn(tokensOf(1));
    const reason = 'the token refresh-secret-1 was revoked, see Bearer access-secret-1';
    const issuer = await issuerServer(() => [400, { error: 'invalid_grant', error_description: reason.slice(0, 9) }]);
    await using server = await startModelServer(() => httpError(401, reason));
    const session = await testSession({
      url: server.url,
      home: home.path,
      cwd: home.path,
      env: { OPENAI_API_KEY: '' },
      overrides: [`chatgpt_issuer="${issuer.url}"`],
    });
    const { error } = await session.say('hi').then((event) => ({ error: JSON.stringify(event) }));
    const events = JSON.stringify(session.events);
    await session[Symbol.asyncDispose]();

    expect(error).toContain('the sign-in has ended: run `keel login` again');
    const files = readdirSync(home.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'auth.json')
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    expect([events, error, ...files].join('\n')).not.toMatch(/(?:access|refresh)-secret/);
  });

  test('is a secret of keel’s, and so are stored keys of providers', async () => {
    home.write({ 'auth.json': JSON.stringify({ tokens: tokensOf(1), keys: { groq: 'groq-secret-1' } }) });
    const values = secretValues(await configWith('https://issuer.invalid', 'http://127.0.0.1:1/v1'));

    expect(values).toEqual(expect.arrayContaining(['access-secret-1', 'refresh-secret-1', 'groq-secret-1']));
  });

  test('goes to no other provider', async () => {
    signedIn(tokensOf(1));
    const { storedKey } = await configWith('https://issuer.invalid', 'http://127.0.0.1:1/v1');
    const load = (id: string) =>
      loadConfig({
        env: { HOME: home.path, KEEL_HOME: home.path },
        cwd: home.path,
        overrides: [`model_provider="${id}"`],
        flags: {},
      });

    const groq = await load('groq');
    expect(renewableCredentials(groq)).toBeNull();
    expect(() => resolveCredentials(groq.provider, {}, storedKey)).toThrow('GROQ_API_KEY');
    expect(resolveCredentials((await load('ollama')).provider, {}, storedKey).bearer).toBeNull();
  });
});
