import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandEnvironment, type EnvironmentSettings, ShellSnapshot, userShell } from '../../src/process/index.ts';
import { Workshop } from './support.ts';

const everything = { inherit: 'all', ignoreDefaultExcludes: false, exclude: [], set: {}, includeOnly: [] } as const;
type Policy = EnvironmentSettings['shellEnvironmentPolicy'];

/** What a command sees of an environment; the settings name `variables` as those with secrets. */
function seen(policy: Policy, env: Readonly<Record<string, string | undefined>>, variables: readonly string[] = []) {
  const settings = { shellEnvironmentPolicy: policy, env, secrets: { variables, values: [] }, storedKey: null };
  return commandEnvironment(settings, env);
}

const base = {
  PATH: '/bin',
  GOPATH: '/go',
  HOME: '/home/u',
  EDITOR: 'vi',
  API_KEY: 'a',
  my_token: 'b',
  Client_Secret: 'c',
  UNSET: undefined,
};

describe('the environment of a command', () => {
  it('T25: is without names that speak of a secret, whatever their case', () => {
    expect(seen(everything, base)).toEqual({
      PATH: '/bin',
      GOPATH: '/go',
      HOME: '/home/u',
      EDITOR: 'vi',
    });
  });

  it('T25: has a secret again that the policy sets itself', () => {
    expect(seen({ ...everything, set: { API_KEY: 'mine' } }, base)['API_KEY']).toBe('mine');
  });

  it('T25: is held to what is to be included, and what is set is held to it too', () => {
    const policy = { ...everything, set: { OTHER: '1', MY_PATH: '2' }, includeOnly: ['*PATH'] };
    expect(seen(policy, base)).toEqual({ PATH: '/bin', GOPATH: '/go', MY_PATH: '2' });
  });

  it('T25: is just what is set where nothing is inherited', () => {
    expect(seen({ ...everything, inherit: 'none', set: { A: '1' } }, base)).toEqual({ A: '1' });
  });

  it('is the core set where only that is inherited', () => {
    expect(seen({ ...everything, inherit: 'core' }, base)).toEqual({ PATH: '/bin', HOME: '/home/u' });
  });

  it('is without what is excluded by globs over whole names', () => {
    const policy = { ...everything, exclude: ['go*', 'EDIT??', 'HOM'] };
    expect(Object.keys(seen(policy, base))).toEqual(['PATH', 'HOME']);
  });

  it('is without a known secret under whatever name, also where the policy keeps secrets', () => {
    const env = {
      PATH: '/bin',
      PLAIN_NAME: 'sesame-street',
      COPY: 'sesame-street',
      HEADER: 'x: sesame-street',
      OTHER: 'sesame',
    };
    for (const ignoreDefaultExcludes of [false, true]) {
      const policy = { ...everything, ignoreDefaultExcludes };
      expect(seen(policy, env, ['PLAIN_NAME'])).toEqual({ PATH: '/bin', OTHER: 'sesame' });
    }
  });

  it('is without what has the form of a secret', () => {
    const env = { PATH: '/bin', DATABASE_URL: 'postgres://ada:sesame@db/app', READ_URL: 'postgres://ada@db/app' };
    expect(seen(everything, env)).toEqual({ PATH: '/bin', READ_URL: 'postgres://ada@db/app' });
    expect(seen({ ...everything, ignoreDefaultExcludes: true }, env)).toEqual(env);
  });

  it('has the core variables whatever their values look like', () => {
    const env = { PATH: '/home/x:y@z/bin', HOME: '/home/u', TMPDIR: 'https://token@host/' };
    expect(seen(everything, env)).toEqual(env);
  });

  it('keeps secrets where the policy says so, but never the keys of keel and of providers', () => {
    const policy = { ...everything, ignoreDefaultExcludes: true };
    const keys = { KEEL_API_KEY: 'x', KEEL_HOME: 'x', OPENAI_API_KEY: 'x', ANTHROPIC_API_KEY: 'x', PLAIN_NAME: 'x' };
    const named = ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'PLAIN_NAME'];
    expect(seen(policy, { ...keys, API_KEY: 'a' }, named)).toEqual({ API_KEY: 'a' });
  });
});

describe('the snapshot of a login shell', () => {
  const snapshotOf = (shop: Workshop, env: Record<string, string>, timeoutMs = 10_000) =>
    new ShellSnapshot({ processes: shop.processes, shell: '/bin/bash', env, cwd: shop.dir.path, timeoutMs });

  it('has what the login files add, change and take away, and nothing of the shell itself', async () => {
    using shop = new Workshop();
    shop.dir.write({
      '.bash_profile': 'echo noise; export ADDED="two\nlines"; PATH="/opt/bin:/bin:/usr/bin"; unset DROPPED; cd /\n',
    });
    const env = { HOME: shop.dir.path, PATH: '/bin:/usr/bin', DROPPED: '1', KEPT: '2' };
    const snapshot = snapshotOf(shop, env);
    expect(snapshot.applyTo(env)).toBe(env);
    expect(await snapshot.taken).toMatchObject({ set: { ADDED: 'two\nlines' }, unset: ['DROPPED'] });
    const after = snapshot.applyTo(env);
    expect(after).toMatchObject({ HOME: shop.dir.path, ADDED: 'two\nlines', KEPT: '2' });
    expect(after['PATH']?.startsWith('/opt/bin:')).toBe(true);
    for (const name of ['DROPPED', 'PWD', 'OLDPWD', 'SHLVL', '_', 'KEEL_CALL_ID'])
      expect(after).not.toHaveProperty(name);
  });

  it('leaves the environment as it is if the login files never end, and leaves nothing running', async () => {
    using shop = new Workshop();
    shop.dir.write({ '.bash_profile': 'touch began; (setsid sleep 60 &); sleep 60\n' });
    const env = { HOME: shop.dir.path, PATH: '/bin:/usr/bin' };
    const snapshot = snapshotOf(shop, env, 500);
    expect(await snapshot.taken).toBe(null);
    expect(snapshot.applyTo(env)).toBe(env);
    expect(existsSync(join(shop.dir.path, 'began'))).toBe(true);
    expect(shop.running()).toEqual([]);
  });

  it('leaves the environment as it is if the login files replace the shell or end it', async () => {
    using shop = new Workshop();
    const env = { HOME: shop.dir.path, PATH: '/bin:/usr/bin' };
    for (const script of ['exec true', 'exit 0', 'env() { echo fake; }; command() { :; }']) {
      shop.dir.write({ '.bash_profile': `${script}\n` });
      expect(await snapshotOf(shop, env).taken).toBe(null);
    }
  });
});

describe('the shell for command strings', () => {
  it('is a program that runs one', async () => {
    using shop = new Workshop();
    const shell = userShell({ env: process.env, roots: [] });
    expect(shell.path.endsWith(`/${shell.name}`)).toBe(true);
    expect((await shop.run([shell.path, '-c', 'echo $((6 * 7))'])).output).toBe('42\n');
  });
});
