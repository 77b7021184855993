import { execFile, execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../src/testing/index.ts';
import { jsonLines, type KeelRun, keelBin, runKeel } from '../support/keel.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

const isRoot = process.geteuid?.() === 0;
const hasOwners = process.geteuid !== undefined;
const NOBODY = 65_534;
const UNKNOWN_USER = 123_456;
/** For `unshare`: runs the arguments that follow where nothing is in /proc. */
const withoutProc = ['--mount', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh'];
const canHideProc = isRoot && spawnSync('unshare', [...withoutProc, 'true']).status === 0;

let dir: TempDir;
let home: string;
let server: ModelServer;

beforeEach(async () => {
  dir = tempDir();
  home = join(dir.path, 'home');
  for (const name of ['home', 'work']) mkdirSync(join(dir.path, name), { mode: 0o700 });
  server = await startModelServer(() => respond(message('done')));
});
afterEach(async () => {
  await server.close();
  dir[Symbol.dispose]();
});

function exec(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<KeelRun> {
  const options = { home, cwd: join(dir.path, 'work'), url: server.url, env };
  return runKeel(['exec', '--skip-git-repo-check', ...args], options);
}

/** As another user, who owns the directories if `owned`. */
function execAs(uid: number, args: readonly string[], env: Readonly<Record<string, string>>): Promise<KeelRun> {
  const all = { PATH: process.env['PATH'], OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test', ...env };
  const argv = [process.execPath, keelBin, 'exec', '--skip-git-repo-check', ...args];
  return new Promise((resolve) => {
    const child = execFile(
      'setpriv',
      [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'env', '-i', ...pairs(all), ...argv],
      { cwd: join(dir.path, 'work') },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), signal: null, stdout, stderr }),
    );
    child.stdin?.end();
  });
}

function pairs(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

function cached(): string[] {
  const path = join(home, 'cache', 'code');
  return existsSync(path) ? readdirSync(path) : [];
}

describe('compiled code', () => {
  test('is kept in the home for its user alone, and nothing of it in a temporary directory', async () => {
    const temporary = join(dir.path, 'temporary');
    mkdirSync(temporary);
    expect((await exec(['hi'], { TMPDIR: temporary })).code).toBe(0);
    expect(cached()).not.toEqual([]);
    expect(statSync(join(home, 'cache')).mode & 0o777).toBe(0o700);
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('that is damaged is written again, and the run is not disturbed', async () => {
    await exec(['hi']);
    const [core = ''] = cached().filter((name) => name.startsWith('core-'));
    const path = join(home, 'cache', 'code', core);
    const { size } = statSync(path);
    for (const damaged of [Buffer.alloc(0), Buffer.alloc(size), readFileSync(path).subarray(0, size / 2)]) {
      writeFileSync(path, damaged);
      expect(await exec(['hi'])).toMatchObject({ code: 0, stderr: expect.not.stringContaining('keel:') });
      expect(readFileSync(path).equals(damaged)).toBe(false);
      expect(statSync(path).size).toBeGreaterThan(size / 2);
    }
    expect(cached().filter((name) => !name.endsWith('.code'))).toEqual([]);
  });

  test('that a run has written after it read a shell script is taken by the next one', async () => {
    await server.close();
    const loop = functionCall('shell', { command: ['bash', '-c', 'for f in *; do echo $f; done'] });
    const patch = '*** Begin Patch\n*** Add File: a.txt\n+a\n*** End Patch';
    server = await startModelServer(() => {
      const call = [loop, functionCall('apply_patch', { input: patch })][server.requests.length % 3];
      return respond(call ?? message('done'));
    });
    const written = () => cached().map((name) => statSync(join(home, 'cache', 'code', name)).ino);
    await exec(['--full-auto', 'hi']);
    await exec(['--full-auto', 'hi']);
    const before = written();
    expect(before.length).toBeGreaterThan(3);
    await exec(['--full-auto', 'hi']);
    expect(written()).toEqual(before);
  });

  test.skipIf(!hasOwners).each(['cache', 'cache/code'])(
    'is not taken from a %s that others can write',
    async (name) => {
      mkdirSync(join(home, 'cache', 'code'), { recursive: true, mode: 0o700 });
      chmodSync(join(home, name), 0o777);
      expect((await exec(['hi'])).code).toBe(0);
      expect(cached()).toEqual([]);
    },
  );

  test.skipIf(!hasOwners)('is not kept in a home below a directory in which others can rename it', async () => {
    chmodSync(dir.path, 0o777);
    expect((await exec(['hi'])).code).toBe(0);
    expect(cached()).toEqual([]);
    chmodSync(dir.path, 0o1777);
    expect((await exec(['hi'])).code).toBe(0);
    expect(cached()).not.toEqual([]);
  });

  test.skipIf(!isRoot)('of another user is not run', async () => {
    mkdirSync(join(home, 'cache', 'code'), { recursive: true, mode: 0o755 });
    chownSync(join(home, 'cache'), NOBODY, NOBODY);
    chownSync(join(home, 'cache', 'code'), NOBODY, NOBODY);
    expect((await exec(['hi'])).code).toBe(0);
    expect(cached()).toEqual([]);
  });
});

describe('a home', () => {
  test.skipIf(!hasOwners)('that others can write is refused with the way out, also as JSON', async () => {
    chmodSync(home, 0o777);
    const run = await exec(['--json', 'hi']);
    expect(run.code).toBe(1);
    expect(jsonLines(run.stdout)).toEqual([
      { type: 'turn.failed', error: { message: expect.stringContaining(`run \`chmod 700 ${home}\``) } },
    ]);
    expect(server.requests).toEqual([]);
  });

  test.skipIf(!isRoot)('of another user is refused', async () => {
    chownSync(home, NOBODY, NOBODY);
    const { code, stderr } = await exec(['hi']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('belongs to another user (uid 65534)'),
    });
  });

  test.skipIf(!isRoot)(
    'that can’t be written stops a recorded run in words, and an ephemeral one not at all',
    async () => {
      chmodSync(dir.path, 0o755);
      chmodSync(home, 0o755);
      chownSync(join(dir.path, 'work'), NOBODY, NOBODY);
      const env = { HOME: '/nonexistent', KEEL_HOME: home };
      const refused = await execAs(NOBODY, ['--json', 'hi'], env);
      expect(refused.code).toBe(1);
      expect(jsonLines(refused.stdout).at(-1)).toEqual({
        type: 'turn.failed',
        error: { message: expect.stringMatching(/KEEL_HOME.*--ephemeral/) },
      });
      expect(refused.stderr).not.toContain('internal error');
      expect(await execAs(NOBODY, ['--ephemeral', 'hi'], env)).toMatchObject({ code: 0, stdout: 'done\n' });
    },
  );

  test.skipIf(!isRoot)('named by KEEL_HOME serves a user id without an entry and without HOME', async () => {
    chmodSync(dir.path, 0o755);
    for (const name of ['home', 'work']) chownSync(join(dir.path, name), UNKNOWN_USER, UNKNOWN_USER);
    expect(await execAs(UNKNOWN_USER, ['hi'], { KEEL_HOME: home })).toMatchObject({ code: 0, stdout: 'done\n' });
    const without = await execAs(UNKNOWN_USER, ['hi'], {});
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('set HOME, or KEEL_HOME') });
  });

  test.each([
    ['sessions', []],
    ['threads', ['-s', 'danger-full-access']],
  ])('with a file in the place of %s stops a recorded run in words', async (name, options) => {
    writeFileSync(join(home, name), '');
    await server.close();
    server = await startModelServer(() => respond(functionCall('shell', { command: ['touch', 'made'] }, 'c1')));
    const run = await exec([...options, '--json', 'hi']);
    expect(run.code).toBe(1);
    expect(jsonLines(run.stdout).at(-1)).toEqual({
      type: 'turn.failed',
      error: { message: expect.stringMatching(/ENOTDIR.*Move the file .* away, or set KEEL_HOME/) },
    });
    expect(run.stderr).not.toContain('internal error');
    expect(existsSync(join(dir.path, 'work', 'made'))).toBe(false);
  });

  test('works when files block every directory that only makes keel faster', async () => {
    for (const name of ['bin', 'cache', 'run', 'tmp']) writeFileSync(join(home, name), '');
    await server.close();
    server = await startModelServer([
      respond(functionCall('shell', { command: ['touch', 'made'] }, 'c1')),
      respond(message('done')),
    ]);
    expect(await exec(['-s', 'danger-full-access', 'hi'])).toMatchObject({ code: 0, stdout: 'done\n' });
    expect(existsSync(join(dir.path, 'work', 'made'))).toBe(true);
  });

  test('that is not there yet is made for its user alone', async () => {
    execFileSync('rmdir', [home]);
    const env = { HOME: dir.path, KEEL_HOME: '' };
    expect((await exec(['hi'], env)).code).toBe(0);
    expect(statSync(join(dir.path, '.keel')).mode & 0o777).toBe(0o700);
  });
});

test.skipIf(!canHideProc)(
  'without /proc commands are refused in words that name it, and the turn continues',
  async () => {
    await server.close();
    server = await startModelServer([
      respond(functionCall('shell', { command: ['touch', 'made'] }, 'c1')),
      respond(message('done')),
    ]);
    const env = { PATH: process.env['PATH'], KEEL_HOME: home, OPENAI_BASE_URL: server.url, OPENAI_API_KEY: 'test' };
    const argv = [...withoutProc, process.execPath, keelBin, 'exec', '--skip-git-repo-check', 'hi'];
    const { promise, resolve } = Promise.withResolvers<{ failure: Error | null; stdout: string }>();
    execFile('unshare', argv, { cwd: join(dir.path, 'work'), env }, (failure, stdout) =>
      resolve({ failure, stdout }),
    ).stdin?.end();
    expect(await promise).toEqual({ failure: null, stdout: 'done\n' });
    expect(JSON.stringify(server.requests[1]?.input)).toContain('there is no /proc here');
    expect(existsSync(join(dir.path, 'work', 'made'))).toBe(false);
  },
);
