import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { processStat } from '../../src/foundation/util/index.ts';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../src/testing/index.ts';
import { runKeel, startKeel, until } from '../support/keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
/** Leaves its group, its session and its environment, and then its parent. Landlock allows no new entries beside `.git`. */
const daemon = `cd sub; env -i setsid sh -c 'echo $$ > pid.new; mv pid.new pid; exec sleep 300' </dev/null >/dev/null 2>&1 &
while [ ! -s pid ]; do sleep 0.02; done`;

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
  repo.write({ 'sub/file': '' });
});
afterEach(async () => {
  for (const name of ['pid', 'own']) if (isAlive(name)) process.kill(pidIn(name), 'SIGKILL');
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

function pidIn(name: string): number {
  const path = join(repo.path, 'sub', name);
  return existsSync(path) ? Number(readFileSync(path, 'utf8')) : 0;
}

function isAlive(name: string): boolean {
  const stat = pidIn(name) === 0 ? null : processStat(pidIn(name));
  return stat !== null && !stat.hasEnded;
}

const calls = (script: string) => respond(functionCall('shell', { command: ['bash', '-c', script] }, 'c1'));

test.each([
  ['without a sandbox', ['--yolo']],
  ['under Landlock', ['-s', 'workspace-write', '-c', 'sandbox.bubblewrap="/nowhere/bwrap"']],
] as const)('a daemon that a command left behind ends with keel, %s', async (_, args) => {
  server = await startModelServer([calls(daemon), respond(message('done'))]);
  const ended = await runKeel(['exec', ...args, 'go'], { home: home.path, cwd: repo.path, url: server.url });
  expect(ended.code).toBe(0);
  expect(pidIn('pid')).toBeGreaterThan(0);
  expect(isAlive('pid')).toBe(false);
});

test('a daemon ends as well when keel gets two signals', async () => {
  server = await startModelServer([calls(`${daemon}; touch up; sleep 300`)]);
  const live = startKeel(['exec', '--yolo', 'go'], { home: home.path, cwd: repo.path, url: server.url });
  live.child.stdin.end();
  await until(() => existsSync(join(repo.path, 'sub', 'up')), 15_000);
  live.child.kill('SIGTERM');
  await new Promise((resolve) => setTimeout(resolve, 150));
  live.child.kill('SIGTERM');
  await live.ended;
  await until(() => !isAlive('pid'));
});

/** A program that has a child of its own, which stays without a parent, and lets keel run a command. */
const program = `
import { spawn } from 'node:child_process';
import { Keel } from 'keel';
const keel = new Keel({ cwd: process.env.REPOSITORY, sandbox: 'danger-full-access' });
{
  await using thread = await keel.startThread();
  await thread.run('hi');
  const own = "(setsid sh -c 'echo $$ > own.new; mv own.new own; exec sleep 300' &) ; while [ ! -s own ]; do sleep 0.02; done";
  const child = spawn('sh', ['-c', own], { cwd: process.env.REPOSITORY + '/sub', stdio: 'ignore' });
  await new Promise((resolve) => child.once('exit', resolve));
}
console.log(process.pid);
`;

test('a program that keel is part of keeps its processes, and gets none that commands leave', async () => {
  server = await startModelServer([calls(daemon), respond(message('done'))]);
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: root,
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      KEEL_HOME: home.path,
      REPOSITORY: repo.path,
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'test',
    },
  });
  expect(Number(stdout)).toBeGreaterThan(0);
  expect(pidIn('pid')).toBeGreaterThan(0);
  expect(isAlive('own')).toBe(true);
});
