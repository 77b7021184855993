import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { message, respond, startModelServer } from '../../../src/testing/index.ts';
import { runKeel } from '../../support/keel.ts';
import { gitRepository, type TempDir, tempDir } from '../../support/temp-dir.ts';

const LIBRARY = pathToFileURL(join(import.meta.dirname, '../../support/keyring-library.js')).href;
const KEY = 'sk-abcdefghijklmnop';

let home: TempDir;
let repo: TempDir;
beforeEach(() => {
  home = tempDir();
  repo = gitRepository();
  onTestFinished(() => {
    home[Symbol.dispose]();
    repo[Symbol.dispose]();
  });
});

/** A keyring that is there; `isLocked`: and can't be opened. */
const keyring = (isLocked = false) => ({
  ...{ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere', NODE_OPTIONS: `--import ${LIBRARY}` },
  ...(isLocked ? {} : { TEST_KEYRING: join(home.path, 'keyring.json') }),
});
const keel = (
  args: readonly string[],
  env: Record<string, string>,
  stdin: string | null = null,
  url = 'http://127.0.0.1:9/v1',
) => runKeel(args, { home: home.path, cwd: repo.path, url, stdin, env: { OPENAI_API_KEY: '', ...env } });
const login = (env: Record<string, string>, ...more: string[]) =>
  keel(['login', '--with-api-key', ...more], env, `${KEY}\n`);
const authFile = () => readFileSync(join(home.path, 'auth.json'), 'utf8');

describe('keel login where the system has a keyring', { timeout: 60_000 }, () => {
  test('keeps the key there, says so, and requests are made with it', async () => {
    expect(await login(keyring())).toMatchObject({ code: 0, stderr: "The key is kept in the system's keyring.\n" });
    expect(authFile()).not.toContain(KEY);
    await using server = await startModelServer([respond(message('hi'))]);
    expect(await keel(['exec', 'hello'], keyring(), null, server.url)).toMatchObject({ code: 0, stdout: 'hi\n' });
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  test('login status and doctor name it; logout for another provider leaves the key, logout removes it', async () => {
    await login(keyring());
    await login(keyring(), '--provider', 'groq');
    const status = await keel(['login', 'status'], keyring());
    expect(status.stderr).toBe("Using a key from the system's keyring: sk-abcde***lmnop\n");
    expect((await keel(['doctor', '--offline'], keyring())).stdout).toMatch(/credentials: the system's keyring/);
    expect((await keel(['logout', '--provider', 'groq'], keyring())).stderr).toBe('What was stored is removed.\n');
    expect((await keel(['logout', '--provider', 'groq'], keyring())).stderr).toBe('There was no stored key.\n');
    expect((await keel(['login', 'status'], keyring())).code).toBe(0);
    await keel(['logout'], keyring());
    expect((await keel(['login', 'status'], keyring())).code).toBe(1);
    expect(readFileSync(join(home.path, 'keyring.json'), 'utf8')).toBe('{}');
  });

  test('a locked one is named, and no request is made without the key', async () => {
    await login(keyring());
    const run = await keel(['exec', 'hello'], keyring(true));
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/system's keyring, which can't be read \(the keyring is locked\): unlock it/);
  });
});

describe('keel login where it has none', { timeout: 60_000 }, () => {
  test.each([
    ['no D-Bus session', {}, /there is no D-Bus session/],
    ['a bus that nobody answers on, with the real library', { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' }, /\S/],
    [
      'one that is locked',
      { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere', NODE_OPTIONS: `--import ${LIBRARY}` },
      /the keyring is locked/,
    ],
  ])('keeps the key in a file and says why: %s', async (_, env, reason) => {
    const { code, stderr } = await login(env);
    const kept = /^The key is kept in (\S+) \(the system's keyring can't be used: (.+)\)\.\n$/.exec(stderr);
    expect([code, kept?.[1]]).toEqual([0, join(home.path, 'auth.json')]);
    expect(kept?.[2]).toMatch(reason);
    expect(JSON.parse(authFile())).toEqual({ OPENAI_API_KEY: KEY });
  });

  test('stores nothing where the setting wants the keyring, and says nothing of it where it wants a file', async () => {
    home.write({ 'config.toml': 'cli_auth_credentials_store = "keyring"\n' });
    const refused = await login({});
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/keyring can't be used: there is no D-Bus session; cli_auth_credentials_store/);
    home.write({ 'config.toml': 'cli_auth_credentials_store = "file"\n' });
    expect((await login(keyring())).stderr).toBe(`The key is kept in ${join(home.path, 'auth.json')}.\n`);
  });
});
