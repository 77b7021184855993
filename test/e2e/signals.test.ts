import { readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer, usage } from '../../src/testing/index.ts';
import { jsonLines, type LiveKeel, processesWith, rolloutsIn, runKeel, startKeel, until } from '../support/keel.ts';
import { gitRepository, type TempDir, tempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;

beforeEach(() => {
  home = tempDir();
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
] as const)('%s ends the turn, tells it, exits %i, and no child survives', async (signal, code) => {
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
  live.child.kill('SIGINT');
  expect((await live.ended).code).toBe(130);
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

test('a working directory that is deleted under the run is told, not crashed on', async () => {
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
