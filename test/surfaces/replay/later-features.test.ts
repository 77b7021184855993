import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replayThread } from '../../../src/surfaces/replay/index.ts';
import {
  customCall,
  functionCall,
  hang,
  httpError,
  type ModelServer,
  message,
  type RecordedRequest,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { rolloutsIn } from '../../support/keel.ts';
import { asksAbout, type TestSession, testSession } from '../../support/session.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';
import { expectSame, type Line, linesOf, pathOf, replayed, replayedWith } from './support.ts';

let home: TempDir;
let repo: TempDir;
let server: ModelServer;
let live: TestSession;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository({ 'a.txt': 'one\n' });
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await server.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

async function open(script: Script, overrides: readonly string[] = []): Promise<void> {
  server = await startModelServer(script);
  live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides });
}

async function takeUpAgain(overrides: readonly string[], unfinishedTurn: 'continue' | 'interrupt' = 'interrupt') {
  await live[Symbol.asyncDispose]();
  const origin = { type: 'resume', id: live.session.threadId } as const;
  const options = { origin, unfinishedTurn };
  live = await testSession({ url: server.url, home: home.path, cwd: repo.path, overrides, options });
}

const used = (total: number) => usage({ input: total - 10, output: 10 });
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const edit = (path: string, id: string) =>
  customCall('apply_patch', `*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`, id);
const ok = respond(message('ok'), used(100));
const sent = () => server.requests.length;

/** The same without what keel of earlier days did not keep. */
function withoutSetup(lines: Line[]): Line[] {
  for (const { payload } of lines) Reflect.deleteProperty(payload, 'setup');
  return lines;
}

describe('old outputs that are left out', () => {
  const limit = ['model_auto_compact_token_limit=5000'];
  const big = (id: string, total: number) =>
    respond(shell(`for i in {1..200}; do echo "${id} line $i of many, all of them long ones"; done`, id), used(total));
  const filled = [
    ...[big('c1', 500), ok, big('c2', 2_400), ok, big('c3', 2_400)],
    ...[respond(message('ok'), used(5_100)), ok, ok],
  ];
  const fill = async () => {
    for (const text of ['one', 'two', 'three', 'four']) await live.say(text);
  };

  test('are left out again, also for a thread that was taken up again', async () => {
    await open(filled, limit);
    await fill();
    await takeUpAgain(limit);
    await live.say('five');
    expectSame(await replayed(live), 8);
    const lines = linesOf(pathOf(live));
    expect(lines.filter(({ payload }) => payload['type'] === 'outputs_elided')).toHaveLength(1);
  });

  test('by a turn that was cut off right then and abandoned, count at once; one that continues leaves them out itself', async () => {
    for (const how of ['interrupt', 'continue'] as const) {
      await open([...filled, ok, ok], limit);
      await fill();
      await live[Symbol.asyncDispose]();
      const lines = readFileSync(pathOf(live), 'utf8').split('\n');
      const elided = lines.findIndex((line) => line.includes('"outputs_elided"'));
      const input = lines.findIndex((line, at) => at > elided && line.includes('"input-0"') && line.includes('"end"'));
      // Given up: what was left out is written down, and the step that did it has not ended.
      const kept = how === 'continue' ? lines.slice(0, input + 1) : withoutEnd(lines.slice(0, input + 1));
      writeFileSync(pathOf(live), `${kept.join('\n')}\n`);
      await takeUpAgain(limit, how);
      if (how === 'continue') await live.next('turn.completed');
      await live.say('five');
      const [before] = server.requests.slice(-1);
      expect(before?.outputOf('c1')).toMatch(/left out to save room/);
      const report = await replayed(live);
      expect(report.differences, how).toEqual([]);
      await server.close();
      rmSync(pathOf(live));
    }
  });

  const withoutEnd = (lines: readonly string[]) =>
    lines.filter((line) => !(line.includes('"elide-0"') && line.includes('"state":"end"')));

  test('where it is switched off, the thread is compacted instead', async () => {
    await open([...filled, ok], [...limit, 'compact_elide_outputs=false']);
    await fill();
    const lines = linesOf(pathOf(live));
    expect(lines.some(({ type }) => type === 'compacted')).toBe(true);
    expectSame(await replayed(live), sent());
  });
});

describe('turns that were taken back', () => {
  const rollBack = async (turns: number) => {
    const before = live.events.length;
    live.session.submit({ type: 'rollback', turns });
    await live.next('thread.rolledBack', (event) => live.events.indexOf(event) >= before);
  };

  test('are gone for those that follow, more than once and after a resume', async () => {
    await open([ok, respond(edit('new.txt', 'c1')), ok, ok, ok, ok, ok, ok]);
    for (const text of ['one', 'two', 'three']) await live.say(text);
    await rollBack(2);
    await live.say('two, but otherwise');
    await rollBack(1);
    await takeUpAgain([]);
    await live.say('a third time');
    await live.say('and on');
    expect(server.requests.at(-1)?.textsOf('user')).toContain('one');
    expect(server.requests.at(-1)?.textsOf('user')).not.toContain('two');
    const report = await replayed(live);
    expectSame(report, sent());
    expect(report.turns).toEqual({ run: 6, all: 6 });
  });

  test('with a compaction among them: the conversation is the one before it', async () => {
    await open([ok, respond(message('## Goal\ng'), used(50)), ok, ok]);
    await live.say('one');
    await live.turn({ type: 'compact' });
    await live.say('two');
    await rollBack(2);
    await live.say('again');
    expectSame(await replayed(live), sent());
  });
});

describe('helper agents', () => {
  const agents = ['features.multi_agent=true'];
  const isHelper = (request: RecordedRequest) => request.textsOf('user').some((text) => text.startsWith('<agent_role'));
  const spawn = functionCall('spawn_agent', { message: 'look at a.txt' }, 'c1');
  const wait = functionCall('wait', { ids: ['worker-1'], timeout_ms: 60_000 }, 'c2');
  const script = (parent: readonly ReturnType<typeof respond>[]) => {
    let at = 0;
    return (request: RecordedRequest) => {
      if (!isHelper(request)) return parent[at++] ?? ok;
      return request.outputOf('h1') === undefined
        ? respond(shell('cat a.txt', 'h1'), used(200))
        : respond(message('it says one'), used(300));
    };
  };

  test('the parent’s thread and the helper’s own go the same way again', async () => {
    await open(script([respond(spawn), respond(wait), ok, ok]), [
      ...agents,
      'agents.explorer.description="looks only"',
    ]);
    await live.say('go');
    await live.say('and on');
    const report = await replayed(live);
    expectSame(report, 4);
    expect(report.notes).toEqual([]);
    const child = rolloutsIn(home.path).find((path) => path !== pathOf(live)) ?? '';
    expectSame(await replayThread(child), 2);
  });

  test('a subagent that was never waited for, reported later', async () => {
    await open(script([respond(spawn), ok, ok]), agents);
    await live.say('go');
    await live.say('and then');
    await takeUpAgain(agents);
    await live.say('and on');
    expectSame(await replayed(live), server.requests.filter((request) => !isHelper(request)).length);
  });

  test('roles that are described otherwise are other tools', async () => {
    await open(script([respond(spawn), respond(wait), ok]), [...agents, 'agents.scribe.description="writes"']);
    await live.say('go');
    await live[Symbol.asyncDispose]();
    const report = await replayedWith(pathOf(live), (lines) => {
      for (const { payload } of lines) {
        const { setup } = payload;
        if (typeof setup === 'object' && setup !== null) {
          Object.assign(setup, { agent_roles: [{ name: 'scribe', description: 'reads' }] });
        }
      }
      return lines;
    });
    expect(report.differences[0]).toMatchObject({ type: 'request', turn: 1, step: 'sampling-1', part: 'tools' });
    expect(new Set(report.differences.map((difference) => 'part' in difference && difference.part))).toEqual(
      new Set(['tools']),
    );
  });
});

describe('what a turn may cost and what it leaves', () => {
  /** Without a sandbox tools have a field that a record of earlier days says nothing of. */
  const confined = ['sandbox_mode="workspace-write"'];
  const step = (id: string, total: number) => respond(shell(`echo ${id}`, id), used(total));

  test('a budget: warned, used up, refused; the same where no setting is recorded', async () => {
    await open(
      [
        ...[step('a', 7_600), step('b', 2_000), step('c', 500)],
        respond(message('so far'), shell('echo no', 'd'), used(100)),
        ok,
      ],
      ['budget.tokens=10000', ...confined],
    );
    expect(await live.say('go')).toMatchObject({ lastAgentMessage: 'so far' });
    await live.say('more');
    expect(server.requests[3]?.outputOf('c')).toContain('The budget is used up');
    expectSame(await replayed(live), 5);
    expectSame(await replayedWith(pathOf(live), withoutSetup), 5);
  });

  test('an overload that lasts: the fallback model answers the rest of the turn, and the next turn asks the first one again', async () => {
    const overloaded = httpError(529, { error: { message: 'Overloaded' } }, { 'retry-after-ms': '1' });
    let isBusy = true;
    await open(
      ({ body, input }) => {
        if (body['model'] === 'gpt-5-codex') return isBusy ? overloaded : ok;
        return input.some(({ type }) => type === 'function_call') ? ok : respond(shell('echo on', 'c'), used(100));
      },
      ['fallback_model="gpt-5.1"', 'model_reasoning_effort="low"', ...confined],
    );
    expect(await live.say('go')).toMatchObject({ status: 'completed', lastAgentMessage: 'ok' });
    const asked = () => server.requests.map(({ body }) => body['model']);
    expect(asked()).toEqual([...Array(5).fill('gpt-5-codex'), 'gpt-5.1', 'gpt-5.1']);
    expect(live.events).toContainEqual(
      expect.objectContaining({
        type: 'warning',
        message: expect.stringMatching(/^The model is overloaded: gpt-5\.1 answers for the rest of this turn\./),
      }),
    );
    isBusy = false;
    await live.say('more');
    expect(asked().at(-1)).toBe('gpt-5-codex');
    expectSame(await replayed(live), 8);
  });

  test('the gate: asked about unchecked files and open steps of a plan, once', async () => {
    const plan = functionCall('update_plan', { plan: [{ step: 'mend it', status: 'in_progress' }] }, 'p');
    await open(
      [respond(plan, edit('b.txt', 'c1'), used(100)), ok, respond(message('still'), used(100)), ok],
      ['verify_before_finish="always"', ...confined],
    );
    expect(await live.say('go')).toMatchObject({ lastAgentMessage: 'still' });
    await live.say('more');
    expect(server.requests[2]?.textsOf('user').at(-1)).toContain('kind="plan"');
    expectSame(await replayed(live), 4);
    expectSame(await replayedWith(pathOf(live), withoutSetup), 4);
    const silent = await replayedWith(pathOf(live), (lines) => {
      for (const { payload } of lines) {
        const { setup } = payload;
        if (typeof setup === 'object' && setup !== null) Reflect.deleteProperty(setup, 'verify');
      }
      return lines;
    });
    expect(silent.differences[0]).toMatchObject({ type: 'steps', turn: 1, message: expect.stringContaining('gate-') });
  });
});

describe('approvals, hosts, and what the user does meanwhile', () => {
  test('decisions are steps within calls; the listed hosts are recorded', async () => {
    await open(
      [respond(shell('echo x > made', 'c1')), respond(shell('echo y > made', 'c2')), ok],
      ['approval_policy="untrusted"', 'sandbox.network.allowed_domains=["example.org"]'],
    );
    const turn = live.say('go');
    for (const [callId, type] of [
      ['c1', 'approved'],
      ['c2', 'denied'],
    ] as const) {
      await live.next('approval.requested', asksAbout(callId));
      live.answer(callId, { type });
    }
    await turn;
    expectSame(await replayed(live), 3);
    const started = linesOf(pathOf(live)).find(({ payload }) => payload['type'] === 'task_started');
    expect(started?.payload['setup']).toMatchObject({ allowed_hosts: ['example.org'] });
  });

  test('tools have fields for escalation only while a turn may ask, in a thread that started under never', async () => {
    await open([ok, ok, ok], ['approval_policy="never"', 'sandbox_workspace_write.allow_git_commit=true']);
    for (const approvalPolicy of ['never', 'on-request', 'never'] as const) {
      live.session.submit({ type: 'overrideTurnContext', settings: { approvalPolicy } });
      await live.say(approvalPolicy);
    }
    const offer = server.requests.map(({ tools }) => JSON.stringify(tools).includes('with_escalated_permissions'));
    expect(offer).toEqual([false, true, false]);
    expectSame(await replayed(live), 3);
  });

  test('a turn that is stopped while a call waits for approval, and a command of the user’s in a turn', async () => {
    await open(
      [respond(shell('echo x > made', 'c1'), shell('ls', 'c2')), respond(message('half'), hang()), ok],
      ['approval_policy="untrusted"'],
    );
    const asked = live.say('go');
    await live.next('approval.requested');
    live.session.submit({ type: 'interrupt' });
    await asked;
    const second = live.say('again');
    await live.next('item.completed', ({ item }) => item.type === 'agentMessage' && item.text === 'half');
    live.session.submit({ type: 'userShell', command: 'echo by hand' });
    await live.next('item.completed', ({ item }) => item.type === 'commandExecution' && item.source === 'userShell');
    live.session.submit({ type: 'interrupt' });
    await second;
    await live.say('and now');
    expect(server.requests.at(-1)?.textsOf('user').join('\n')).toContain('by hand');
    expectSame(await replayed(live), 3);
  });
});
