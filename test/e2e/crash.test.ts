import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  customCall,
  delay,
  functionCall,
  hang,
  type ModelServer,
  message,
  type RecordedRequest,
  respond,
  startModelServer,
  usage,
} from '../../src/testing/index.ts';
import { jsonLines, processesWith, rolloutsIn, startKeel, until } from '../support/keel.ts';
import { runCommandLine } from '../support/programs/resident-keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

const STEPS = 10;
let home: TempDir;
let repo: TempDir;
let server: ModelServer;
/** The model says nothing more once the journal has this many lines: what is to be killed there can't run past it. */
let silentFrom: number;

beforeEach(() => {
  silentFrom = Number.POSITIVE_INFINITY;
  home = keelHome();
  repo = gitRepository();
});
afterEach(async () => {
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** Ten commands, each of which leaves a line, one a response; the answer depends on what the request says was done. */
function tenSteps(request: RecordedRequest) {
  if (rolloutLines().length >= silentFrom) return respond(hang());
  const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
  if (done >= STEPS) return respond(message('done'), usage({}));
  const cmd = `echo step-${done} >> log.txt`;
  // Slow enough for a kill to land on the very line that is meant.
  return respond(
    delay(25),
    message(`step ${done}`),
    functionCall('shell', { command: ['bash', '-c', cmd] }, `call_${done}`),
  );
}

function effects(): string[] {
  const path = join(repo.path, 'log.txt');
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : [];
}

const place = () => ({ home: home.path, cwd: repo.path, url: server.url });

/** Kills keel once its rollout has this many lines; gives the thread's id. */
async function killAfterLines(args: readonly string[], lines: number): Promise<string> {
  silentFrom = lines;
  const live = startKeel(['exec', '-s', 'workspace-write', '--json', ...args], place());
  live.child.stdin.end();
  await until(() => rolloutLines().length >= lines, 30_000);
  live.child.kill('SIGKILL');
  await live.ended;
  silentFrom = Number.POSITIVE_INFINITY;
  expect(effects().length, 'the turn was killed while it ran').toBeLessThan(STEPS);
  const [meta = '{}'] = rolloutLines();
  return String(JSON.parse(meta).payload?.id);
}

function rolloutLines(): string[] {
  if (!existsSync(join(home.path, 'sessions'))) return [];
  const [path] = rolloutsIn(home.path);
  return path === undefined
    ? []
    : readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '');
}

function expectNothingTwice(): void {
  const happened = effects();
  expect(new Set(happened).size).toBe(happened.length);
}

/** Every effect that happened is reported to the model: as the call's output, or as one whose outcome is unknown. */
function expectAllTold(request: RecordedRequest | undefined): void {
  for (const effect of effects()) {
    const id = effect.replace('step-', 'call_');
    expect(request?.outputOf(id), id).toMatch(/"exit_code":0|Exit code: 0|unknown outcome/);
  }
}

describe('kill -9 at a step of a turn, then resume: the turn continues, nothing is lost, nothing happens twice', () => {
  // With the seventh line the message is on the disk: before that there is no turn to continue.
  test.each([7, 8, 10, 12, 14, 17, 24, 33, 46, 62])('after %i lines of the journal', async (lines) => {
    server = await startModelServer(tenSteps);
    const id = await killAfterLines(['go'], lines);
    const resumed = await runCommandLine(['exec', '-s', 'workspace-write', '--json', 'resume', id], place());
    expect(resumed.stderr).toBe('');
    expect(jsonLines(resumed.stdout).at(-1)?.type).toBe('turn.completed');
    expectNothingTwice();
    expectAllTold(server.requests.at(-1));
    expect(effects().length).toBeGreaterThanOrEqual(STEPS - 1);
    const items = server.requests.at(-1)?.input ?? [];
    const calls = items.filter((item) => item['type'] === 'function_call');
    const outputs = items.filter((item) => item['type'] === 'function_call_output');
    expect(outputs.map((item) => item['call_id'])).toEqual(calls.map((item) => item['call_id']));
  });
});

test('killed again while it resumes, twice, it still ends with every effect once', async () => {
  server = await startModelServer(tenSteps);
  const id = await killAfterLines(['go'], 14);
  await killAfterLines(['resume', id], 30);
  await killAfterLines(['resume', id], 45);
  const last = await runCommandLine(['exec', '-s', 'workspace-write', '--json', 'resume', id], place());
  expect(jsonLines(last.stdout).at(-1)?.type).toBe('turn.completed');
  expectNothingTwice();
  expectAllTold(server.requests.at(-1));
});

test('prompts 19: a call cut off by a kill is reported as unknown with its last output, and not run again', async () => {
  const slow = 'echo working on it; sleep 0.3; echo begun >> log.txt; sleep 300';
  server = await startModelServer((_request, index) =>
    index === 0
      ? respond(functionCall('shell', { command: ['bash', '-c', slow], timeout_ms: 300_000 }, 'call_1'))
      : respond(message('ok')),
  );
  const live = startKeel(['exec', '-s', 'workspace-write', '--json', 'go'], place());
  live.child.stdin.end();
  await until(() => effects().length === 1);
  live.child.kill('SIGKILL');
  const run = await live.ended;
  const id = String(jsonLines(run.stdout)[0]?.['thread_id']);
  await runCommandLine(['exec', '-s', 'workspace-write', 'resume', id], place());
  expect(server.requests[1]?.outputOf('call_1')).toMatch(/unknown outcome: .*working on it/s);
  expect(effects()).toEqual(['begun']);
  // What the killed keel had started is ended when its thread is taken up again.
  await until(() => processesWith(`HOME=${home.path}`).length === 0);
});

/** A patch that adds `made.txt`. */
const patch = '*** Begin Patch\n*** Add File: made.txt\n+x\n*** End Patch';

/** Starts a run whose second request gets no answer, kills it there, and gives the thread's id. */
async function killedInTurn(args: readonly string[]): Promise<string> {
  const live = startKeel(['exec', '--json', ...args, 'go'], place());
  live.child.stdin.end();
  await until(() => server.requests.length === 2);
  live.child.kill('SIGKILL');
  return String(jsonLines((await live.ended).stdout)[0]?.['thread_id']);
}

/** The first answer reads a file, the second never comes, the third patches a file, and then it is done. */
function readThenPatch(_request: RecordedRequest, index: number) {
  if (index === 0) return respond(functionCall('shell', { command: ['cat', 'README.md'] }, 'call_1'));
  if (index === 1) return respond(hang());
  return index === 2 ? respond(customCall('apply_patch', patch, 'call_2')) : respond(message('done'), usage({}));
}

describe('a turn that continues after kill -9 without flags', () => {
  test('has the sandbox, model and effort that it was started with', async () => {
    server = await startModelServer(readThenPatch);
    const id = await killedInTurn(['--full-auto', '-m', 'gpt-5.1', '-c', 'model_reasoning_effort=low']);
    const run = await runCommandLine(['exec', '--json', 'resume', id], place());
    expect(run).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(repo.path, 'made.txt'), 'utf8')).toBe('x\n');
    const sent = server.requests.map(({ body }) => ({ model: body['model'], reasoning: body['reasoning'] }));
    expect(new Set(sent.map((request) => JSON.stringify(request))).size).toBe(1);
    expect(sent.at(-1)).toMatchObject({ model: 'gpt-5.1', reasoning: { effort: 'low' } });
  });

  test('has less where a flag says so, and the change is shown', async () => {
    server = await startModelServer(readThenPatch);
    const id = await killedInTurn(['--full-auto']);
    const run = await runCommandLine(['exec', 'resume', id, '-s', 'read-only'], place());
    expect(run.stderr).toContain('changed: the sandbox is read-only; the thread had workspace-write\n');
    expect(existsSync(join(repo.path, 'made.txt'))).toBe(false);
  });

  test('does not take its rights to another directory', async () => {
    server = await startModelServer(readThenPatch);
    const id = await killedInTurn(['--yolo']);
    using other = gitRepository();
    const run = await runCommandLine(['exec', 'resume', id], { ...place(), cwd: other.path });
    expect(run.stderr).toContain(`the sandbox is read-only; the thread had danger-full-access in ${repo.path}`);
    expect(existsSync(join(other.path, 'made.txt'))).toBe(false);
  });
});

test('a resume with a new prompt ends the cut-off turn and reports the restart to the model', async () => {
  server = await startModelServer(tenSteps);
  const id = await killAfterLines(['go'], 20);
  const before = server.requests.length;
  await runCommandLine(['exec', '-s', 'workspace-write', 'resume', id, 'never mind'], place());
  const texts = server.requests[before]?.textsOf('user') ?? [];
  expect(texts.at(-2)).toMatch(/^<turn_aborted>\nkeel ended unexpectedly/);
  expect(texts.at(-1)).toBe('never mind');
  expectNothingTwice();
});

test('a thread that another process writes is refused with its pid', async () => {
  server = await startModelServer([respond(functionCall('shell', { command: ['sleep', '5'] })), respond(message('x'))]);
  const live = startKeel(['exec', '-s', 'workspace-write', '--json', 'go'], place());
  live.child.stdin.end();
  await until(() => live.stdout().includes('item.started'));
  const id = String(jsonLines(live.stdout())[0]?.['thread_id']);
  const second = await runCommandLine(['exec', '-s', 'workspace-write', 'resume', id, 'me too'], place());
  expect(second).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(String(live.child.pid)) });
  live.child.kill('SIGINT');
  await live.ended;
});

test('a thread can be taken over from a process that hangs, which then says so and does no more', async () => {
  server = await startModelServer((_request, index) => {
    if (index === 0) return respond(functionCall('shell', { command: ['bash', '-c', 'echo one >> log.txt'] }, 'c0'));
    return index === 1 ? respond(hang()) : respond(message('done'), usage({}));
  });
  const hung = startKeel(['exec', '-s', 'workspace-write', '--json', 'go'], place());
  hung.child.stdin.end();
  await until(() => server.requests.length === 2);
  const id = String(jsonLines(hung.stdout())[0]?.['thread_id']);
  hung.child.kill('SIGSTOP');
  const resumed = await runCommandLine(['exec', '--json', 'resume', '--take-over', id], place());
  expect(resumed).toMatchObject({ code: 0, stderr: '' });
  expect(jsonLines(resumed.stdout).at(-1)?.type).toBe('turn.completed');
  const record = rolloutLines();
  hung.child.kill('SIGCONT');
  hung.child.kill('SIGINT');
  expect((await hung.ended).code).not.toBe(0);
  expect(rolloutLines()).toEqual(record);
  expect(effects()).toEqual(['one']);
});

describe('damaged records', () => {
  test('protocol 24: a truncated last line and an unknown type are skipped, and the thread continues', async () => {
    server = await startModelServer([respond(message('one')), respond(message('two'))]);
    const first = await runCommandLine(['exec', '-s', 'workspace-write', '--json', 'a'], place());
    const id = String(jsonLines(first.stdout)[0]?.['thread_id']);
    const { appendFileSync } = await import('node:fs');
    appendFileSync(rolloutsIn(home.path)[0] ?? '', '{"type":"from_the_future","payload":{}}\n{"timestamp":"2026-');
    const second = await runCommandLine(['exec', '-s', 'workspace-write', '--json', 'resume', id, 'b'], place());
    expect(second.code).toBe(0);
    expect(server.requests[1]?.textsOf('assistant')).toEqual(['one']);
    expect(
      rolloutLines().filter((line) => !line.startsWith('{"timestamp":"2026-') || !line.endsWith('}')),
    ).toHaveLength(2);
  });

  test.each([
    ['an empty file', ''],
    [
      'a file that names no thread',
      '{"timestamp":"2026-01-01T00:00:00.000Z","type":"event_msg","payload":{"type":"x"}}\n',
    ],
    ['garbage', '\u0000\u0001 not json\n'],
  ])('%s is refused in a sentence', async (_what, text) => {
    server = await startModelServer([]);
    const id = '01a20cee-41e3-7d69-b809-3f6bd217b403';
    home.write({ [`sessions/2026/11/24/rollout-2026-11-24T09-00-00-${id}.jsonl`]: text });
    const run = await runCommandLine(['exec', '-s', 'workspace-write', 'resume', id, 'x'], place());
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr).toMatch(/^keel: .*rollout-.*\n$/);
  });
});
