import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { renewableCredentials } from '../../../src/models/auth/index.ts';
import { loadWire } from '../../../src/models/client/index.ts';
import { type Config, loadConfig } from '../../../src/storage/config/index.ts';
import { httpError, message, respond, startModelServer } from '../../../src/testing/index.ts';
import { programDirectory } from '../../support/programs/program-directory.ts';
import { testSession } from '../../support/session.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { clientOf, collect, NEVER, providerAt } from '../support.ts';

let programs: string;
let home: TempDir;
beforeEach(() => {
  programs = programDirectory();
  home = tempDir();
  onTestFinished(() => home[Symbol.dispose]());
});

/** A program that counts its starts in a file beside it, and then does this. */
function program(script: string): string {
  const path = join(programs, 'token');
  writeFileSync(
    path,
    `#!/bin/sh\ncd "$(dirname "$0")"\necho start >> starts\nn=$(wc -l < starts | tr -d ' ')\n${script}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

const starts = () => readFileSync(join(programs, 'starts'), 'utf8').trim().split('\n').length;

interface Setting {
  readonly url?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly more?: readonly string[];
}

const settings = (path: string, { url = 'http://127.0.0.1:1/v1', more = [] }: Setting) => [
  'model_provider="mine"',
  'model_providers.mine.name="Mine"',
  `model_providers.mine.base_url=${JSON.stringify(url)}`,
  `model_providers.mine.auth_command=[${JSON.stringify(path)}, "--scope", "x y"]`,
  ...more.map((line) => `model_providers.mine.${line}`),
];

async function configWith(path: string, setting: Setting = {}): Promise<Config> {
  const env = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path, ...setting.env };
  const overrides = settings(path, setting);
  return loadConfig({ env, cwd: home.path, overrides, flags: {}, systemDir: home.path });
}

async function bearerOf(path: string, setting: Setting = {}): Promise<string | null> {
  const source = renewableCredentials(await configWith(path, setting));
  return (await source?.current(NEVER))?.bearer ?? null;
}

describe('a token that a program prints', () => {
  test('authorises the requests of a session, its subagents included, with one run of the program', async () => {
    const path = program('echo "tok-$n"');
    await using server = await startModelServer([respond(message('one')), respond(message('two'))]);
    const overrides = settings(path, { url: server.url });
    await using session = await testSession({ url: server.url, home: home.path, cwd: home.path, overrides });
    await session.say('a');
    await session.say('b');

    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer tok-1', 'Bearer tok-1']);
    expect(starts()).toBe(1);
  });

  test('is a bearer for the Messages API too', async () => {
    await using server = await startModelServer([respond(message('hi'))]);
    const config = await configWith(program('echo tok-1'), { url: server.url, more: ['wire_api="anthropic"'] });
    const wire = await loadWire('anthropic');
    await collect(clientOf(config.provider, { wire, renewable: renewableCredentials(config) }));

    expect(server.requests[0]?.headers).toMatchObject({ authorization: 'Bearer tok-1' });
    expect(server.requests[0]?.headers['x-api-key']).toBeUndefined();
  });

  test('is asked for again when it has ended, and when its lifetime is over', async () => {
    const ended = renewableCredentials(
      await configWith(program('echo "{\\"token\\":\\"tok-$n\\",\\"expires_in\\":0}"')),
    );
    const tokens = [await ended?.current(NEVER), await ended?.current(NEVER)];
    expect(tokens.map((one) => one?.bearer)).toEqual(['tok-1', 'tok-2']);

    const more = ['auth_command_lifetime_ms=0'];
    const old = renewableCredentials(await configWith(program('echo "tok-$n"'), { more }));
    expect((await old?.current(NEVER))?.bearer).toBe('tok-3');
  });

  test('model 24: is asked for again once on 401, and the request is made with the new one', async () => {
    await using server = await startModelServer([httpError(401, 'old'), respond(message('hi'))]);
    const config = await configWith(program('echo "tok-$n"'), { url: server.url });
    await collect(clientOf(config.provider, { renewable: renewableCredentials(config) }));

    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer tok-1', 'Bearer tok-2']);
    expect(server.requests[1]?.text).toBe(server.requests[0]?.text);
  });

  test.each([
    ['the new one is refused too', 'echo "tok-$n"', 2],
    ['the program has no other one', 'echo tok-1', 1],
  ])('model 24: a second 401 ends the request where %s', async (_, script, count) => {
    await using server = await startModelServer(() => httpError(401, 'you sent tok-1, tok-2'));
    const config = await configWith(program(script), { url: server.url });
    const asked = collect(clientOf(config.provider, { renewable: renewableCredentials(config) }));

    await expect(asked).rejects.toMatchObject({ kind: 'unauthorized' });
    await expect(asked).rejects.not.toThrow(`tok-${count}`);
    expect(server.requests).toHaveLength(count);
  });

  test('is asked for once by all who wait, and an interrupt ends the wait of one alone', async () => {
    const source = renewableCredentials(await configWith(program('sleep 0.3; echo "tok-$n"')));
    const interrupt = new AbortController();
    const [one, two] = [source?.current(interrupt.signal), source?.current(NEVER)];
    interrupt.abort(new Error('interrupted'));

    await expect(one).rejects.toThrow('interrupted');
    expect((await two)?.bearer).toBe('tok-1');
    expect(starts()).toBe(1);
  });
});

describe('the program', () => {
  test('gets its arguments, the home as its directory, no input, and no key of a provider', async () => {
    const path = program('cat > input; printf "%s|%s|%s|%s" "$2" "$KEY" "$VAULT_TOKEN" "$OLDPWD" | tr " " _');
    const env = { KEY: 'sk-other', VAULT_TOKEN: 'vault-1', OPENAI_API_KEY: 'sk-other' };

    expect(await bearerOf(path, { env })).toBe(`x_y||vault-1|${home.path}`);
    expect(readFileSync(join(programs, 'input'), 'utf8')).toBe('');
  });

  test.each<[string, string, RegExp]>([
    ['fails', 'echo tok-secret; echo "log in first" >&2; exit 3', /exit code 3: log in first/],
    ['prints no token', 'echo "tok-secret and words"', /neither one token on one line nor JSON/],
    ['does not end', 'echo tok-secret; sleep 5', /had not ended after 0\.2 s/],
    ['leaves something running', 'echo tok-secret; sleep 5 & exec sleep 5', /had not ended after 0\.2 s/],
  ])('that %s is an error in words without what it printed', async (_, script, expected) => {
    // Only those that are to be ended have a short limit: starting a program may take its time.
    const limit = script.includes('sleep') ? 200 : 20_000;
    const asked = bearerOf(program(script), { more: [`auth_command_timeout_ms=${limit}`] });

    await expect(asked).rejects.toMatchObject({ kind: 'missingCredentials', message: expect.stringMatching(expected) });
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(JSON.stringify([error, String(error), error instanceof Error ? error.stack : ''])).not.toContain(
      'tok-secret',
    );
  });

  test('is not started from where commands can write', async () => {
    home.write({ token: '#!/bin/sh\necho tok-1\n' });
    chmodSync(join(home.path, 'token'), 0o755);

    await expect(bearerOf(join(home.path, 'token'))).rejects.toThrow(/auth_command of provider "mine"/);
  });

  test('is never a project’s to choose', async () => {
    home.write({ 'keel/config.toml': '' });
    home.write({ 'work/.keel/config.toml': '[model_providers.mine]\nauth_command = ["/bin/echo", "x"]\n' });
    const env = { HOME: home.path, KEEL_HOME: join(home.path, 'keel') };
    const options = { overrides: [], flags: { trusted: true }, systemDir: home.path };
    const config = await loadConfig({ env, cwd: join(home.path, 'work'), ...options });

    expect(config.warnings).toEqual([expect.stringContaining('model_providers is ignored')]);
  });
});

test('a provider without one has nothing to renew', async () => {
  const config = await configWith('/bin/true');
  expect(renewableCredentials({ ...config, provider: providerAt('http://127.0.0.1:1/v1') })).toBeNull();
});
