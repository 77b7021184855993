import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runKeel } from '../../support/keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(() => {
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const keel = (...args: string[]) =>
  runKeel(['sandbox', ...args], { home: home.path, cwd: repo.path, url: 'http://127.0.0.1:9' });

test('F18: a command has its own exit code, 128 and the signal when one ended it', async () => {
  expect((await keel('linux', '--', 'sh', '-c', 'exit 7')).code).toBe(7);
  expect((await keel('run', '--', 'sh', '-c', 'kill -9 $$')).code).toBe(137);
});

test('a command is read-only by default', async () => {
  expect((await keel('run', '--', 'touch', 'made')).code).toBe(1);
  expect((await keel('run', '--full-auto', '--', 'touch', 'made')).code).toBe(0);
  expect(existsSync(join(repo.path, 'made'))).toBe(true);
});

test('a plan is printed for people and for programs', async () => {
  const plan = await keel('explain', '-s', 'workspace-write', '--', 'npm', 'test');
  expect(plan.stdout).toMatch(new RegExp(`Stays as it is\n(  .*\n)*  ${join(repo.path, '.git')}\n`));
  expect(plan.stdout).toContain('Network: none but a loopback');
  const { stdout } = await keel('explain', '--json', '--', 'npm', 'test');
  expect(JSON.parse(stdout)).toMatchObject({ backend: 'bwrap', network: 'loopback', enforced: { fileWrites: true } });
});

test('listed hosts are in the plan, and a run reaches only them', async () => {
  const listed = ['--full-auto', '-c', 'sandbox.network.allowed_domains=["a.test"]', '--'];
  const { stdout } = await keel('explain', '--json', ...listed, 'true');
  expect(JSON.parse(stdout)).toMatchObject({ network: 'proxy', notes: [expect.stringContaining('a.test')] });
  const run = await keel(
    'run',
    ...listed,
    'sh',
    '-c',
    'curl -s http://b.test/; curl -s --noproxy "*" -m 5 http://1.1.1.1/',
  );
  expect(run.stdout).toMatch(/keel refused b\.test:80: .*nobody can be asked now/);
  expect(run.code).toBe(7);
});

test.each([
  ['bwrap', []],
  ['landlock', ['-c', 'sandbox.bubblewrap="/nowhere/bwrap"']],
])('the check finds no way out of %s', async (backend, args) => {
  const { code, stdout } = await keel('check', ...args);
  expect(stdout).toContain(`Confined by ${backend}.`);
  expect(stdout).not.toContain('BROKEN');
  expect(stdout.match(/^stopped/gm)?.length).toBeGreaterThan(30);
  expect(code).toBe(0);
});

test('a missing or unknown word is a usage error', async () => {
  expect((await keel('run')).code).toBe(2);
  expect((await keel('walk', '--', 'x')).code).toBe(2);
  expect((await keel('run', '-s', 'nowhere', '--', 'x')).code).toBe(2);
});

test('T23: without bubblewrap Landlock confines a command, and the remaining gaps are reported', async () => {
  const absent = ['-c', 'sandbox.bubblewrap="/nowhere/bwrap"'];
  const run = await keel(
    'run',
    '--full-auto',
    ...absent,
    '--',
    'sh',
    '-c',
    'echo x > README.md && echo x > .git/config',
  );
  expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining('.git/config: Permission denied') });
  expect(readFileSync(join(repo.path, 'README.md'), 'utf8')).toBe('x\n');
  const { stdout } = await keel('explain', '--full-auto', ...absent, '--', 'true');
  expect(stdout).toContain('Confined by landlock');
  expect(stdout).toContain(`Note: ${repo.path}: commands can't make`);
  const json = JSON.parse((await keel('explain', '--json', ...absent, '--', 'true')).stdout);
  expect(json).toMatchObject({ backend: 'landlock', enforced: { fileWrites: true, processes: false } });
});

test.each(['bwrap', 'landlock'])('under %s commands change nothing of a keel that is in the workspace', (backend) => {
  const checkout = join(import.meta.dirname, '../../..');
  const installed = join(repo.path, 'node_modules/keel');
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(checkout, name), join(installed, name), { recursive: true });
  symlinkSync(join(checkout, 'node_modules'), join(installed, 'node_modules'));
  const script = `echo x >> node_modules/keel/dist/cli.cjs; echo x >> node_modules/keel/bin/keel.js
echo x > node_modules/keel/dist/new.js; mv node_modules/keel other; mv node_modules/keel/dist other`;
  const config = backend === 'bwrap' ? [] : ['-c', 'sandbox.bubblewrap="/nowhere/bwrap"'];
  const run = ['sandbox', 'run', '--full-auto', ...config, '--', 'sh', '-c', script];
  const env = { PATH: process.env['PATH'], KEEL_HOME: home.path };
  const { stderr } = spawnSync(process.execPath, [join(installed, 'bin/keel.js'), ...run], { cwd: repo.path, env });
  expect(String(stderr).match(/Read-only file system|Permission denied|busy/g)?.length).toBeGreaterThanOrEqual(5);
  for (const file of ['bin/keel.js', 'dist/cli.cjs'])
    expect(readFileSync(join(installed, file))).toEqual(readFileSync(join(checkout, file)));
  expect(existsSync(join(installed, 'dist/new.js'))).toBe(false);
});
