import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  delay,
  functionCall,
  hang,
  type ModelServer,
  message,
  type RecordedRequest,
  type Response,
  respond,
  startModelServer,
  usage,
} from '../../src/testing/index.ts';
import { jsonLines, processesWith, rolloutsIn, runKeel, startKeel, until } from '../support/keel.ts';
import { gitRepository, keelHome, type TempDir } from '../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
/** The model says nothing more once the parent's journal has this many lines: what is to be killed there can't run past it. */
let silentFrom: number;

beforeEach(() => {
  silentFrom = Number.POSITIVE_INFINITY;
  home = keelHome();
  repo = gitRepository();
  home.write({ 'config.toml': 'features.multi_agent = true\nsandbox_mode = "danger-full-access"\n' });
});
afterEach(async () => {
  await server?.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const place = () => ({ home: home.path, cwd: repo.path, url: server.url });
const isHelper = (request: RecordedRequest) => request.textsOf('user').some((text) => text.startsWith('<agent_role'));
const spawn = (task: string, id: string) => functionCall('spawn_agent', { message: task }, id);
const wait = (id: string) => functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, id);
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const done = respond(message('all done'), usage({ input: 10, output: 1 }));

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return ''; // It has ended.
  }
}

/** Ids of the process groups that sessions of this home have noted. */
function notedGroups(): string[] {
  return readdirSync(join(home.path, 'threads'))
    .map((id) => join(home.path, 'threads', id, 'groups.jsonl'))
    .filter((path) => existsSync(path))
    .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/"pid":(\d+)/g)].map(([, pid]) => pid ?? ''));
}

const parentPath = () => (existsSync(join(home.path, 'sessions')) ? rolloutsIn(home.path)[0] : undefined);

function parentLines(): number {
  const path = parentPath();
  return path === undefined ? 0 : readFileSync(path, 'utf8').split('\n').length - 1;
}

/** The parent's answers by how many calls it has had answered; the helper's likewise. */
async function play(parent: readonly Response[], helper: readonly Response[]): Promise<void> {
  server = await startModelServer((request) => {
    if (parentLines() >= silentFrom) return respond(hang());
    const answered = request.input.filter((item) => item['type'] === 'function_call_output').length;
    return (isHelper(request) ? helper : parent)[answered] ?? done;
  });
}

describe('keel exec with helper agents', () => {
  test('shows them in JSON lines, adds up their usage, and leaves their threads resumable', async () => {
    const used = usage({ input: 100, output: 10 });
    await play(
      [respond(spawn('make A', 'c1'), used), respond(wait('c2'), used), respond(message('A is made'), used)],
      [respond(shell('echo a > A', 's1'), used), respond(message('made A'), used)],
    );
    const run = await runKeel(['exec', '--json', 'go'], place());
    expect([run.code, run.stderr]).toEqual([0, '']);
    const lines = jsonLines(run.stdout);
    const calls = lines.filter((line) => line.item?.type === 'collab_tool_call');
    const [thread] = lines;
    const child = rolloutsIn(home.path)
      .map((path) => JSON.parse(readFileSync(path, 'utf8').split('\n')[0] ?? '').payload)
      .find((meta) => meta.parent_thread_id === thread?.['thread_id']);
    expect(calls.map((line) => [line.type, line.item])).toEqual([
      ['item.started', expect.objectContaining({ id: 'item_0', tool: 'spawn_agent', status: 'in_progress' })],
      [
        'item.completed',
        {
          id: 'item_0',
          type: 'collab_tool_call',
          tool: 'spawn_agent',
          sender_thread_id: thread?.['thread_id'],
          receiver_thread_ids: [child.id],
          prompt: 'make A',
          agents_states: { [child.id]: { status: 'running', message: null } },
          status: 'completed',
        },
      ],
      ['item.started', expect.objectContaining({ id: 'item_1', tool: 'wait', status: 'in_progress' })],
      [
        'item.completed',
        expect.objectContaining({
          id: 'item_1',
          agents_states: { [child.id]: { status: 'completed', message: 'made A' } },
        }),
      ],
    ]);
    // The subagent's commands are in its own thread and not shown as the parent's.
    expect(lines.some((line) => line.item?.type === 'command_execution')).toBe(false);
    expect(lines.at(-1)).toMatchObject({ type: 'turn.completed', usage: { input_tokens: 500, output_tokens: 50 } });
    expect(readFileSync(join(repo.path, 'A'), 'utf8')).toBe('a\n');

    const listed = await runKeel(['threads', 'list'], place());
    expect(listed.stdout.trimEnd().split('\n')).toEqual([expect.stringContaining(String(thread?.['thread_id']))]);
    const resumed = await runKeel(['exec', 'resume', child.id, 'what did you make?'], place());
    expect(resumed.code).toBe(0);
    expect(server.requests.at(-1)?.textsOf('user').at(-1)).toBe('what did you make?');
  });

  test('SIGTERM ends them and what they run', async () => {
    await play([respond(spawn('run', 'c1')), respond(wait('c2'))], [respond(shell('touch begun; sleep 63', 's1'))]);
    const live = startKeel(['exec', 'go'], place());
    live.child.stdin.end();
    await until(() => existsSync(join(repo.path, 'begun')));
    live.child.kill('SIGTERM');
    await live.ended;
    expect(processesWith(home.path)).toEqual([]);
  });
});

/** The threads that requests belong to. */
const threadsOf = (requests: readonly RecordedRequest[]) => [
  ...new Set(requests.map(({ body }) => body['prompt_cache_key'])),
];

describe('kill -9 while a helper works, then resume', () => {
  test('it continues with its parent, learns that the end of its command is not known, runs nothing twice, and leaves none running', async () => {
    await play(
      [respond(spawn('make A', 'c1'), usage({ input: 100, output: 10 })), respond(wait('c2'))],
      [
        respond(shell('echo a >> A; sleep 64', 's1'), usage({ input: 1_000, output: 100 })),
        respond(message('A is there'), usage({ input: 1_000, output: 100 })),
      ],
    );
    const live = startKeel(['exec', '--json', 'go'], place());
    live.child.stdin.end();
    const waits = () => server.requests.filter((request) => !isHelper(request)).length === 2;
    await until(() => existsSync(join(repo.path, 'A')) && waits());
    // A command starts a moment before keel records that.
    await until(() => processesWith(home.path).some((pid) => nameOf(pid) === 'sleep' && notedGroups().includes(pid)));
    live.child.kill('SIGKILL');
    await live.ended;
    const id = String(jsonLines(live.stdout())[0]?.['thread_id']);
    expect(processesWith(home.path).length).toBeGreaterThan(0);

    const helperRequests = server.requests.filter(isHelper).length;
    const run = await runKeel(['exec', 'resume', id, '--json'], place());
    expect(run.code).toBe(0);
    const resumed = server.requests.filter((request) => !isHelper(request)).slice(2);
    // The turn that was cut off continues, and so does its helper, in its own thread.
    expect(resumed[0]?.outputOf('c1')).toBe('{"id":"worker-1"}');
    expect(resumed[0]?.outputOf('c2')).toMatch(/"worker-1":\{"status":"completed","message":"A is there"\}/);
    const helper = server.requests.filter(isHelper);
    expect(helper).toHaveLength(helperRequests + 1);
    expect(helper.at(-1)?.outputOf('s1')).toMatch(/^unknown outcome: keel was stopped while this call was running/);
    expect(threadsOf(helper)).toHaveLength(1);
    expect(readFileSync(join(repo.path, 'A'), 'utf8')).toBe('a\n');
    expect(processesWith(home.path)).toEqual([]);
    const usages = jsonLines(run.stdout).filter((line) => line.type === 'turn.completed');
    expect(usages.at(-1)).toMatchObject({ usage: { input_tokens: 100 + 1_000 + 1_000 + 10 } });
  });

  test.each([6, 7, 8, 9, 10, 11, 12, 14, 16, 18])(
    'after %i lines of the parent: the turn comes to its end, no effect happens twice, every call is answered',
    async (lines) => {
      const steps = [0, 1, 2].map((step) => respond(delay(20), shell(`echo ${step} >> log`, `s${step}`)));
      await play([respond(delay(20), spawn('make A', 'c1')), respond(wait('c2')), respond(wait('c3'))], steps);
      const live = startKeel(['exec', '--json', 'go'], place());
      live.child.stdin.end();
      silentFrom = lines;
      await until(() => parentLines() >= lines);
      live.child.kill('SIGKILL');
      await live.ended;
      silentFrom = Number.POSITIVE_INFINITY;
      const id = String(JSON.parse(readFileSync(parentPath() ?? '', 'utf8').split('\n')[0] ?? '').payload.id);
      const before = server.requests.filter(isHelper).length;
      const run = await runKeel(['exec', 'resume', id, '--json'], place());
      expect([run.code, run.stderr]).toEqual([0, '']);
      const effects = existsSync(join(repo.path, 'log'))
        ? readFileSync(join(repo.path, 'log'), 'utf8').split('\n')
        : [];
      const last = server.requests.findLast((request) => !isHelper(request));
      const calls = last?.input.filter((item) => item['type'] === 'function_call') ?? [];
      for (const { call_id: call } of calls) expect(last?.outputOf(String(call)), String(call)).toBeTypeOf('string');
      await until(() => processesWith(home.path).length === 0);
      // A helper that was begun before the kill continues in its thread and is not begun again: its effects are there once.
      if (before > 0) expect(threadsOf(server.requests.filter(isHelper))).toHaveLength(1);
      expect(new Set(effects).size).toBe(effects.length);
    },
  );

  test('with a new message reports it before that, once', async () => {
    const parent = [respond(spawn('make A', 'c1')), respond(hang())];
    server = await startModelServer((request) => (isHelper(request) ? respond(hang()) : (parent.shift() ?? done)));
    const live = startKeel(['exec', '--json', 'go'], place());
    live.child.stdin.end();
    await until(() => server.requests.length === 3);
    live.child.kill('SIGKILL');
    await live.ended;
    const id = String(jsonLines(live.stdout())[0]?.['thread_id']);
    const before = server.requests.length;
    await runKeel(['exec', 'resume', id, 'and now?'], place());
    const notes = server.requests
      .slice(before)
      .at(-1)
      ?.textsOf('user')
      .filter((text) => text.startsWith('<keel_note'));
    expect(notes).toEqual([
      expect.stringMatching(/^<keel_note kind="agent">keel ended unexpectedly[\s\S]*\nworker-1 \(worker\): make A\n/),
    ]);
    const again = server.requests.length;
    await runKeel(['exec', 'resume', id, 'more'], place());
    expect(
      server.requests
        .at(again)
        ?.textsOf('user')
        .filter((text) => text.startsWith('<keel_note')),
    ).toHaveLength(1);
  });
});
