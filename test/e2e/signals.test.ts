import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from '../../src/storage/config/index.ts';
import { type ExecIo, JsonlPrinter, runExec } from '../../src/surfaces/exec/index.ts';
import { functionCall, type ModelServer, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import {
  jsonLines,
  keelBin,
  type LiveKeel,
  processesWith,
  rolloutsIn,
  runKeel,
  startKeel,
  until,
} from '../support/keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** A command that ignores what it can, with a grandchild that has left the process group. */
const stubborn = 'trap "" TERM INT HUP; setsid sleep 300 & sleep 300 & echo started; wait';

async function runStubborn(args: readonly string[] = ['--json', 'go']): Promise<LiveKeel> {
  server = await startModelServer([
    respond(functionCall('shell', { command: ['bash', '-c', stubborn], timeout_ms: 300_000 }, 'call_1')),
    respond(message('after')),
  ]);
  const live = startKeel(['exec', ...args], { home: home.path, cwd: repo.path, url: server.url });
  live.child.stdin.end();
  await until(() => processesWith(`HOME=${home.path}`).length >= 3 && live.stdout().includes('item.started'));
  return live;
}

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends the turn, reports it, exits %i, and no child survives', async (signal, code) => {
  const live = await runStubborn();
  live.child.kill(signal);
  const run = await live.ended;
  expect(run.code).toBe(code);
  expect(jsonLines(run.stdout).at(-1)).toMatchObject({
    type: 'turn.failed',
    error: { message: expect.stringContaining('interrupted') },
  });
  await until(() => processesWith(`HOME=${home.path}`).length === 0);
  const lines = readFileSync(rolloutsIn(home.path)[0] ?? '', 'utf8');
  expect(lines).toContain('"type":"turn_aborted"');
});

test('a second signal exits at once and takes the children along', async () => {
  const live = await runStubborn();
  live.child.kill('SIGINT');
  await delay(150);
  live.child.kill('SIGINT');
  expect((await live.ended).code).toBe(130);
  await until(() => processesWith(`HOME=${home.path}`).length === 0);
});

test('a signal that comes twice at once, by the terminal and by the launcher, ends the turn in order', async () => {
  const live = await runStubborn();
  live.child.kill('SIGINT');
  // No timer: a busy machine would wake this process when the two are no longer one.
  for (const end = performance.now() + 2; performance.now() < end; );
  live.child.kill('SIGINT');
  const run = await live.ended;
  expect(run.code).toBe(130);
  expect(jsonLines(run.stdout).at(-1)?.type).toBe('turn.failed');
  await until(() => processesWith(`HOME=${home.path}`).length === 0);
});

test('M21: after an interrupt the model sees the call with an aborted output, then what the user says next', async () => {
  const live = await runStubborn();
  live.child.kill('SIGINT');
  const first = await live.ended;
  const id = String(jsonLines(first.stdout)[0]?.['thread_id']);
  await runKeel(['exec', 'resume', id, 'and now?'], { home: home.path, cwd: repo.path, url: server.url });
  expect(server.requests).toHaveLength(2);
  expect(server.requests[1]?.outputOf('call_1')).toContain('aborted');
  const users = server.requests[1]?.textsOf('user') ?? [];
  expect(users.at(-2)).toMatch(/^<turn_aborted>\nThe user stopped the turn on purpose\.\nCut off: shell/);
  expect(users.at(-1)).toBe('and now?');
});

test('a reader that closes stdout ends the run quietly', async () => {
  server = await startModelServer([
    respond(functionCall('shell', { command: ['sleep', '1'] })),
    respond(message('late'), usage({})),
  ]);
  const live = startKeel(['exec', '--json', 'go'], { home: home.path, cwd: repo.path, url: server.url });
  live.child.stdin.end();
  await until(() => live.stdout().includes('turn.started'));
  live.child.stdout.destroy();
  const run = await live.ended;
  expect(run).toMatchObject({ code: 141, stderr: '' });
});

test.each([
  ['--json > /dev/full', /^keel: the output can't be written: ENOSPC.*\n$/],
  ['2> /dev/full', /^$/],
  ['> /dev/full 2>&1', /^$/],
])('output that can not be written (%s) ends the run, and nothing hangs', async (where, words) => {
  server = await startModelServer(() => respond(message('hello')));
  const run = spawnSync('bash', ['-c', `exec "${process.execPath}" "${keelBin}" exec go ${where}`], {
    cwd: repo.path,
    env: {
      PATH: process.env['PATH'],
      HOME: home.path,
      KEEL_HOME: home.path,
      OPENAI_BASE_URL: 'http://127.0.0.1:9',
      OPENAI_API_KEY: 'k',
    },
    encoding: 'utf8',
    timeout: 50_000,
  });
  expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(words) });
});

test('a reader that has enough ends any command quietly', async () => {
  server = await startModelServer([]);
  const live = startKeel(['help'], { home: home.path, cwd: repo.path, url: server.url });
  live.child.stdout.destroy();
  expect(await live.ended).toMatchObject({ code: 141, stderr: '' });
});

async function runHere(io: Partial<ExecIo> & Pick<ExecIo, 'stop'>, jsonl: JsonlPrinter | null): Promise<number> {
  const env = { PATH: process.env['PATH'], HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'k' };
  return runExec(
    {
      config: await loadConfig({
        env: { ...env, OPENAI_BASE_URL: server.url },
        cwd: repo.path,
        overrides: [],
        flags: { sandboxMode: 'danger-full-access' },
      }),
      origin: { type: 'new' },
      version: '0',
      prompt: 'go',
      rollback: null,
      images: [],
      outputSchema: undefined,
      program: jsonl,
      color: false,
      skipGitRepoCheck: false,
      ephemeral: true,
      lastMessageFile: null,
      originator: 'test',
    },
    {
      writeOut: () => undefined,
      writeErr: () => undefined,
      drawLive: null,
      messageTerminal: null,
      isOneOutput: () => true,
      isInteractive: false,
      onExit: () => undefined,
      ...io,
    },
  );
}

test('after a signal while the thread is opened nothing starts', async () => {
  server = await startModelServer(() => respond(functionCall('shell', { command: ['touch', 'ran'] })));
  const stop = new AbortController();
  const printed: string[] = [];
  const running = runHere({ stop: stop.signal }, new JsonlPrinter((text) => printed.push(text)));
  stop.abort(130);
  expect(await running).toBe(130);
  expect([printed, server.requests]).toEqual([[], []]);
});

test('a signal that comes when the turn has completed does not take its message away', async () => {
  server = await startModelServer(() => respond(message('all done'), usage({ input: 1, output: 1 })));
  const stop = new AbortController();
  const printed: string[] = [];
  const onTold = (text: string) => (text === 'keel\n' ? stop.abort(130) : undefined);
  const io = { stop: stop.signal, writeErr: onTold, writeOut: (text: string) => printed.push(text) };
  expect(await runHere(io, null)).toBe(130);
  expect(printed).toEqual(['all done\n']);
});

test('a working directory that is deleted during the run is reported, not a crash', async () => {
  server = await startModelServer(() => respond(functionCall('shell', { command: ['true'] })));
  const answers = [respond(functionCall('shell', { command: ['true'] }, 'call_1')), respond(message('gone'))];
  await server.close();
  server = await startModelServer((_request, index) => {
    if (index === 0) rmSync(repo.path, { recursive: true });
    return answers[index] ?? null;
  });
  const run = await runKeel(['exec', 'go'], { home: home.path, cwd: repo.path, url: server.url });
  expect(run).toMatchObject({ code: 0, stdout: 'gone\n' });
  expect(server.requests[1]?.outputOf('call_1')).toContain('does not exist');
});
