import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LoginEnvironment, userShell } from '../../../../src/system/process/index.ts';
import { until } from '../../../support/keel.ts';
import { type TempDir, tempDir } from '../../../support/temp-dir.ts';
import { Workshop } from '../support.ts';

describe('what a login shell adds', () => {
  const all = (env: Readonly<Record<string, string>>) => env;

  function loginOf(dir: TempDir, env: Record<string, string>, limitMs = 20_000): LoginEnvironment {
    mkdirSync(join(dir.path, 'cache'), { recursive: true });
    return new LoginEnvironment({
      shell: '/bin/bash',
      env,
      cwd: dir.path,
      dir: join(dir.path, 'cache'),
      filter: all,
      limitMs,
    });
  }

  async function applied(
    dir: TempDir,
    env: Record<string, string>,
  ): Promise<Readonly<Record<string, string | undefined>>> {
    const login = loginOf(dir, env);
    await login.taken;
    return login.applyTo(env);
  }

  it('is variables that are missing and places at the end of the path; what keel was started with leads', async () => {
    using dir = tempDir();
    dir.write({
      '.bash_profile':
        'echo noise; export ADDED="two\nlines" KEPT=other; PATH="/opt/x:/bin:/opt/y"; unset DROPPED; cd /\n',
    });
    const env = { HOME: dir.path, PATH: '/venv/bin:/bin:/usr/bin', DROPPED: '1', KEPT: '2' };
    expect(loginOf(dir, env).applyTo(env)).toEqual(env);
    const after = await applied(dir, env);
    expect(after).toMatchObject({ ADDED: 'two\nlines', DROPPED: '1', KEPT: '2' });
    expect(after['PATH']).toBe('/venv/bin:/bin:/usr/bin:/opt/x:/opt/y');
    for (const name of ['PWD', 'OLDPWD', 'SHLVL', '_', 'KEEL_LOGIN_SHELL']) expect(after).not.toHaveProperty(name);
  });

  it('is asked for once: a later run has it at once, until a start-up file or the path changes', async () => {
    using dir = tempDir();
    const asked = () => readFileSync(join(dir.path, 'asked'), 'utf8').length;
    const profile = (value: string) => `printf x >> ${dir.path}/asked; export ADDED=${value}\n`;
    dir.write({ '.bash_profile': profile('one') });
    const env = { HOME: dir.path, PATH: '/bin:/usr/bin' };
    expect(await applied(dir, env)).toMatchObject({ ADDED: 'one' });
    expect(await applied(dir, env)).toMatchObject({ ADDED: 'one' });
    expect(asked()).toBe(1);
    expect(statSync(join(dir.path, 'cache', answersIn(dir)[0] ?? '')).mode & 0o077).toBe(0);

    dir.write({ '.bash_profile': profile('another') });
    expect(await applied(dir, env)).toMatchObject({ ADDED: 'another' });
    expect(asked()).toBe(2);
    await applied(dir, { ...env, PATH: '/usr/bin:/bin' });
    expect(asked()).toBe(3);
  });

  it('is taken over from a run that has ended before the shell did', async () => {
    using dir = tempDir();
    dir.write({
      '.bash_profile': `printf x >> ${dir.path}/asked; until [ -e ${dir.path}/go ]; do sleep 0.02; done; export ADDED=yes\n`,
    });
    const env = { HOME: dir.path, PATH: '/bin:/usr/bin' };
    const options = { shell: '/bin/bash', env, cwd: dir.path, dir: join(dir.path, 'cache'), limitMs: 20_000 };
    mkdirSync(join(dir.path, 'cache'));
    const module = join(import.meta.dirname, '../../../../src/system/process/index.ts');
    const code = `import { LoginEnvironment } from ${JSON.stringify(module)};
      new LoginEnvironment({ ...${JSON.stringify(options)}, filter: (env) => env });`;
    execFileSync(process.execPath, ['--input-type=module', '-e', code]);
    const second = loginOf(dir, env);
    dir.write({ go: '' });
    await second.taken;
    expect(second.applyTo(env)).toMatchObject({ ADDED: 'yes' });
    expect(readFileSync(join(dir.path, 'asked'), 'utf8')).toBe('x');
    expect(answersIn(dir)).toHaveLength(1);
  });

  it('is nothing if the start-up files never end, and the shell is asked to end, not killed', async () => {
    using dir = tempDir();
    dir.write({
      '.bash_profile': `trap 'touch ${dir.path}/ended; exit' TERM; touch ${dir.path}/started; while :; do sleep 0.05; done\n`,
    });
    const env = { HOME: dir.path, PATH: '/bin:/usr/bin' };
    const login = loginOf(dir, env, 1_000);
    await login.taken;
    expect(login.applyTo(env)).toEqual(env);
    await until(() => existsSync(join(dir.path, 'ended')));
  });

  it.each(['exec true', 'exit 0', 'env() { echo fake; }; command() { :; }'])(
    'is nothing if the start-up files replace the shell or end it (%s), and that is kept as well',
    async (script) => {
      using dir = tempDir();
      dir.write({ '.bash_profile': `printf x >> ${dir.path}/asked; ${script}\n` });
      const env = { HOME: dir.path, PATH: '/bin:/usr/bin' };
      expect(await applied(dir, env)).toEqual(env);
      expect(await applied(dir, env)).toEqual(env);
      expect(readFileSync(join(dir.path, 'asked'), 'utf8')).toBe('x');
    },
  );

  function answersIn(dir: TempDir): string[] {
    return readdirSync(join(dir.path, 'cache'));
  }
});

describe('the shell for command strings', () => {
  it('is a program that runs one', async () => {
    using shop = new Workshop();
    const shell = userShell({ env: process.env, roots: [] });
    expect(shell.path.endsWith(`/${shell.name}`)).toBe(true);
    expect((await shop.run([shell.path, '-c', 'echo $((6 * 7))'])).output).toBe('42\n');
  });
});
