import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { functionCall, message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { samplesOf, textOf } from '../../support/doc-pages.ts';
import { gitRepository, keelHome, tempDir } from '../../support/temp-dir.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

test('examples/custom-tool.mjs: the model calls the functions of the program, one of them after a question', async () => {
  await using server = await startModelServer([
    respond(functionCall('late_orders', { minDays: 2 }, 'c1')),
    respond(functionCall('remind', { customer: 'bob', text: 'Soon.' }, 'c2')),
    respond(message('bob is reminded'), usage({ input: 1, output: 1 })),
  ]);
  using home = keelHome();
  using repo = gitRepository();
  const { stdout } = await run(process.execPath, [join(root, 'examples/custom-tool.mjs')], {
    cwd: repo.path,
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      KEEL_HOME: home.path,
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'test',
    },
  });
  expect(stdout).toBe('asked: remind\nbob is reminded\n');
  expect(server.requests[1]?.outputOf('c1')).toBe('{"orders":[{"id":"A-2","customer":"bob","daysLate":4}]}');
  expect(server.requests[2]?.outputOf('c2')).toBe('written to bob');
});

/** How many threads run side by side. */
const THREADS = Number(process.env['KEEL_RUNS'] ?? 200);
/** Of the program with keel's modules, and of each thread, about twice what they take. */
const MAX_MIB = 150 + 0.75 * THREADS;

test('examples/many-threads.mjs: threads of one program side by side, answered by a model of its own', async () => {
  using home = keelHome();
  using dir = tempDir();
  const { stdout } = await run(process.execPath, [join(root, 'examples/many-threads.mjs'), String(THREADS)], {
    cwd: dir.path,
    timeout: 60_000,
    env: { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path },
  });
  const [, answered, mib] = /^(\d+) of \d+ threads answered, in \d+ ms, (\d+) MiB at most\n$/.exec(stdout) ?? [];
  expect(answered).toBe(String(THREADS));
  expect(Number(mib)).toBeLessThan(MAX_MIB);
}, 90_000);

test('examples/durable-thread.mjs: a turn that waits for an answer is let go, and continued by another session', async () => {
  await using server = await startModelServer([
    respond(functionCall('shell', { command: ['bash', '-c', 'echo tidy >> done'] }, 'c1')),
    respond(message('all tidy'), usage({ input: 1, output: 1 })),
  ]);
  using home = keelHome();
  using repo = gitRepository();
  const { stdout } = await run(process.execPath, [join(root, 'examples/durable-thread.mjs')], {
    cwd: repo.path,
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      KEEL_HOME: home.path,
      OPENAI_BASE_URL: server.url,
      OPENAI_API_KEY: 'test',
    },
  });
  expect(stdout).toBe('busy: true\nall tidy\n');
  expect(readFileSync(join(repo.path, 'done'), 'utf8')).toBe('tidy\n');
  server.assertDone();
});

test('the sample of keel/testing runs as it is, and its page names everything that keel/testing offers', async () => {
  const [sample] = samplesOf('docs/testing-agents.md', ['js']);
  using dir = tempDir();
  mkdirSync(join(dir.path, 'node_modules'));
  symlinkSync(root, join(dir.path, 'node_modules/keel'));
  dir.write({ 'sample.mjs': sample?.code ?? '' });
  const env = { PATH: process.env['PATH'], HOME: dir.path };
  const { stdout } = await run(process.execPath, ['sample.mjs'], { cwd: dir.path, timeout: 60_000, env });
  expect(stdout).toMatch(/^Two lines\. Exit code: 0\n.*\none\ntwo\n/s);
  const text = textOf('docs/testing-agents.md');
  const unnamed = Object.keys(await import('../../../src/testing/index.ts')).filter((name) => !text.includes(name));
  expect(unnamed).toEqual([]);
});
