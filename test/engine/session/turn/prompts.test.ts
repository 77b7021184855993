import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  customCall,
  functionCall,
  hang,
  httpError,
  message,
  type Response,
  reasoning,
  respond,
  type Script,
  usage,
} from '../../../../src/testing/index.ts';
import type { TestSessionOptions } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { home, live, open: openSession, reopen, repo, server } = liveSession();

const open = (script: Script, overrides: readonly string[] = [], more: Partial<TestSessionOptions> = {}) =>
  openSession(script, { overrides, ...more });

/** As if a crash had come before the first such line of the thread's record; the turn then continues. */
async function cutOff(isLate: (line: string) => boolean, overrides: readonly string[] = ['budget.tokens=10000']) {
  const { threadId, rolloutPath } = live.session;
  await live[Symbol.asyncDispose]();
  const lines = readFileSync(rolloutPath ?? '', 'utf8').split('\n');
  writeFileSync(rolloutPath ?? '', `${lines.slice(0, lines.findIndex(isLate)).join('\n')}\n`);
  const options = { origin: { type: 'resume', id: threadId }, unfinishedTurn: 'continue' } as const;
  await reopen({ overrides, options });
}

const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const edit = (path: string, id: string) =>
  customCall('apply_patch', `*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`, id);
const used = (total: number) => usage({ input: total - 10, output: 10 });
const ok = respond(message('ok'), used(100));
const SUMMARY = '## Goal\ng\n## Constraints\nc\n## State\ns\n## Findings\nf\n## Decisions\nd\n## Next\nn';
const outputOf = (request: number, id: string) => String(server.requests[request]?.outputOf(id));
const lastUserText = (request: number) => server.requests[request]?.textsOf('user').at(-1) ?? '';
const handovers = (request: number) =>
  server.requests[request]?.textsOf('user').filter((text) => text.startsWith('<keel_handover>')) ?? [];
const isCompaction = (request: number) => server.requests[request]?.headers['codex-task-type'] === 'compact';

describe('notes in results', () => {
  const LOOP = /keel:[0-9a-f]{6} This is call 3 of shell with the same arguments and the same result\./;

  test('prompts 15: the third equal call with an equal result gets a note; with an edit between, or other output, none', async () => {
    const same = (id: string) => respond(shell('echo same', id), used(10));
    const other = (id: string) => respond(shell('date +%N', id), used(10));
    await open([
      ...[same('a1'), same('a2'), same('a3'), ok],
      ...[same('b1'), same('b2'), respond(edit('new.txt', 'p'), used(10)), same('b3'), ok],
      ...[other('c1'), other('c2'), other('c3'), ok],
    ]);
    await live.say('one');
    expect(outputOf(2, 'a2')).not.toMatch(LOOP);
    expect(outputOf(3, 'a3')).toMatch(LOOP);
    await live.say('two');
    expect(outputOf(8, 'b3')).not.toMatch(LOOP);
    await live.say('three');
    expect(outputOf(12, 'c3')).not.toMatch(LOOP);
  });

  test('prompts 16: a note in mid-turn adds no user message, and all reasoning of the turn is still sent', async () => {
    const same = (n: number) => respond(reasoning([`r${n}`], { id: `r${n}` }), shell('echo same', `c${n}`), used(10));
    await open([same(1), same(2), same(3), ok]);
    await live.say('go');
    expect(outputOf(3, 'c3')).toMatch(LOOP);
    expect(server.requests[3]?.textsOf('user')).toEqual(server.requests[0]?.textsOf('user'));
    const thoughts = server.requests[3]?.input.filter((item) => item['type'] === 'reasoning') ?? [];
    expect(thoughts).toHaveLength(3);
  });
});

describe('what a sandbox refused', () => {
  const readOnly = `echo "touch: cannot touch '/etc/x y': Read-only file system"; exit 1`;
  const held = ['sandbox_mode="workspace-write"', 'approval_policy="on-request"'];
  const NOTE =
    /keel:[0-9a-f]{6} The sandbox refused this: (.*)\. If the task needs it, repeat the call with escalation\.$/;
  const noteOn = async (script: string, overrides: readonly string[]) => {
    await open([respond(shell(script, 'c1')), ok], overrides);
    await live.say('go');
    return NOTE.exec(outputOf(1, 'c1'))?.[1] ?? null;
  };

  test('prompts 14: under on-request one line names the path', async () => {
    expect(await noteOn(readOnly, held)).toBe('writing to /etc/x y');
    expect(outputOf(1, 'c1').match(/The sandbox refused/g)).toHaveLength(1);
  });

  test('prompts 14: under never nothing is added', async () => {
    expect(await noteOn(readOnly, ['sandbox_mode="workspace-write"', 'approval_policy="never"'])).toBeNull();
    expect(outputOf(1, 'c1')).toContain("cannot touch '/etc/x y': Read-only file system");
  });

  test.each([
    ['a denial that may have other causes', 'echo "cat: x: Permission denied"; exit 1', held],
    ['a command that ended well', 'echo "/etc/x: Read-only file system"', held],
    ['a run without a sandbox', readOnly, ['sandbox_mode="danger-full-access"', 'approval_policy="on-request"']],
  ])('%s is no evidence', async (_what, script, overrides) => {
    expect(await noteOn(script, overrides)).toBeNull();
  });

  const lock = (path: string) => `echo "fatal: Unable to create '$PWD/${path}': Read-only file system"; exit 128`;
  const SETTING = '.git is closed to commands. The user can open it to commits: allow_git_commit = true under';

  test.each([
    ['the index', '.git/index.lock', held],
    [
      'a branch, under never',
      '.git/refs/heads/new.lock',
      ['sandbox_mode="workspace-write"', 'approval_policy="never"'],
    ],
  ])('a lock of git that was refused names the setting that allows it: %s', async (_, path, overrides) => {
    await noteOn(lock(path), overrides);
    expect(outputOf(1, 'c1')).toContain(SETTING);
  });

  test.each([
    ['of git’s config', '.git/config.lock', held],
    ['where commits are allowed', '.git/index.lock', [...held, 'sandbox_workspace_write.allow_git_commit=true']],
    ['in a read-only run', '.git/index.lock', ['sandbox_mode="read-only"', 'approval_policy="never"']],
  ])('a refused lock that the setting would not allow names none: %s', async (_, path, overrides) => {
    await noteOn(lock(path), overrides);
    expect(outputOf(1, 'c1')).not.toContain('allow_git_commit');
  });

  test('the path is one bounded line, whatever the command printed', async () => {
    const hostile = `printf "'/etc/a\\033[31m\\342\\200\\256%s': Read-only file system\\n" "$(head -c 230 /dev/zero | tr '\\0' x)"; exit 1`;
    const note = (await noteOn(hostile, held)) ?? '';
    expect(note).toMatch(/^writing to \/etc\/a\?\[31m\?x+$/);
    expect(note.length).toBeLessThan(220);
  });
});

test('prompts 32: nothing is asked beside the turn, and nothing happens after its end', async () => {
  await open([ok]);
  await live.say('go');
  const count = live.events.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect([server.requests.length, live.events.length]).toEqual([1, count]);
});

describe('budget', () => {
  const USED_UP =
    /\nkeel:[0-9a-f]{6} The budget is used up\. No further calls will run\. Answer now: what is done and checked, what is half done and where, and what comes next\.$/;
  const left = (text: string) => /keel:[0-9a-f]{6} (.* left for this task)\./.exec(text)?.[1] ?? null;
  const ran = () => (existsSync(join(repo.path, 'log')) ? readFileSync(join(repo.path, 'log'), 'utf8') : '');
  const step = (id: string, total: number) => respond(shell(`echo ${id} >> log; echo said`, id), used(total));
  const shownEnds = () =>
    live.events.flatMap((event) =>
      event.type === 'item.completed' && event.item.type === 'budgetExceeded' ? [event.item.type] : [],
    );
  const outOfTime = { status: 'failed', error: { kind: 'budgetExceeded' } };

  test('a budget that is used up by the last response ends a finished turn as completed', async () => {
    await open([step('c1', 5_000), respond(message('done'), used(6_000))], ['budget.tokens=10000']);
    expect(await live.say('go')).toMatchObject({ status: 'completed', lastAgentMessage: 'done' });
  });

  test('time ends a stream that hangs', async () => {
    await open([respond(hang()), ok], ['budget.minutes=0.03']);
    expect(await live.say('go')).toMatchObject(outOfTime);
    expect(server.requests).toHaveLength(1);
    expect(shownEnds()).toEqual(['budgetExceeded']);
    // A request of its own has the whole budget again.
    expect(await live.say('more')).toMatchObject({ status: 'completed' });
  });

  test('time ends a command, and the model has one last answer', async () => {
    await open(
      [respond(shell('sleep 600', 'c1'), used(10)), respond(message('half done'), used(10))],
      ['budget.minutes=0.03'],
    );
    expect(await live.say('go')).toMatchObject({ ...outOfTime, lastAgentMessage: 'half done' });
    expect(outputOf(1, 'c1')).toMatch(USED_UP);
  });

  test('time ends the wait before a retry, and a request for a handover', async () => {
    await open([httpError(503, '{}', { 'retry-after': '600' })], ['budget.minutes=0.02']);
    expect(await live.say('go')).toMatchObject(outOfTime);
    await live[Symbol.asyncDispose]();
    await server.close();
    await open(
      (_request, index) => (index === 0 ? respond(message('a'), used(9_500)) : respond(hang())),
      ['budget.minutes=0.04', 'model_context_window=10000'],
    );
    await live.say('fill');
    expect(await live.say('go')).toMatchObject(outOfTime);
    expect(isCompaction(1)).toBe(true);
  });

  test('prompts 17: used up after a call, one more request is sent, its calls are not run, and the turn ends', async () => {
    await open(
      [step('c1', 5_000), step('c2', 6_000), respond(message('so far'), shell('echo no >> log', 'c3'), used(100))],
      ['budget.tokens=10000'],
    );
    expect(await live.say('go')).toMatchObject({
      status: 'failed',
      error: { kind: 'budgetExceeded', message: expect.stringContaining('10000 tokens') },
      lastAgentMessage: 'so far',
    });
    expect(shownEnds()).toEqual(['budgetExceeded']);
    expect(server.requests).toHaveLength(3);
    expect(outputOf(2, 'c2')).toMatch(USED_UP);
    expect(server.requests[2]?.body['tools']).toEqual(server.requests[0]?.body['tools']);
    expect(ran()).toBe('c1\nc2\n');
    const last = live.events.findLast((event) => event.type === 'rawItem.recorded');
    expect(last).toMatchObject({ item: { call_id: 'c3', output: 'not run: the budget is used up' } });
    const [first, second, third] = server.requests;
    if (first && second) third?.assertExtends(second);
  });

  test('it is reported at a quarter and a tenth left, once each, on the newest result', async () => {
    await open(
      [
        respond(shell('echo a', 'a1'), shell('echo b', 'a2'), used(7_600)),
        ...[step('b', 500), step('c', 1_000), step('d', 100), ok],
      ],
      ['budget.tokens=10000'],
    );
    await live.say('go');
    const told = ['a1', 'a2', 'b', 'c', 'd'].map((id) => left(outputOf(4, id)));
    expect(told).toEqual([
      null,
      '2400 of 10000 tokens left for this task',
      null,
      '900 of 10000 tokens left for this task',
      null,
    ]);
  });

  test('each request of the user has the whole of it, and the model knows of it from the start', async () => {
    await open([step('a', 9_000), ok, step('b', 500), ok], ['budget.tokens=10000', 'budget.minutes=30']);
    await live.say('one');
    await live.say('two');
    expect(left(outputOf(3, 'a'))).toContain('1000 of 10000 tokens');
    expect(left(outputOf(3, 'b'))).toBeNull();
    const context = server.requests[0]?.textsOf('user').find((text) => text.startsWith('<environment_context>'));
    expect(context).toContain('<time_limit>30 minutes for each task</time_limit>');
    expect(context).toContain('<budget>10000 tokens for each task</budget>');
  });

  test('time is a budget as well', async () => {
    let now = Date.parse('2026-11-24T09:00:00Z');
    const pass = (minutes: number, answer: Response) => () => {
      now += minutes * 60_000;
      return answer;
    };
    const answers = [
      pass(8, respond(shell('echo a', 'a'))),
      pass(3, respond(shell('echo b', 'b'))),
      pass(0, respond(message('done'))),
    ];
    await open((_request, index) => answers[index]?.() ?? ok, ['budget.minutes=10'], { options: { now: () => now } });
    expect(await live.say('go')).toMatchObject({ lastAgentMessage: 'done' });
    expect(left(outputOf(1, 'a'))).toBe('2 of 10 minutes left for this task');
    expect(outputOf(2, 'b')).toMatch(USED_UP);
  });

  test('a turn that a crash cut off after it was informed continues to its one last answer', async () => {
    await open(
      (request) => {
        const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
        return done < 2
          ? step(`c${done}`, 6_000)
          : respond(message('so far'), shell('echo no >> log', 'late'), used(100));
      },
      ['budget.tokens=10000'],
    );
    await live.say('go');
    await cutOff((line) => line.includes('"sampling-3"'));
    await live.next('turn.completed');
    expect(server.requests).toHaveLength(4);
    expect(server.requests[3]?.text).toBe(server.requests[2]?.text);
    expect(ran()).toBe('c0\nc1\n');
  });

  test('what the user writes during the last answer is a turn of its own', async () => {
    await open(
      (request, index) => {
        if (index === 0) return step('c1', 20_000);
        if (index === 1) live.session.submit({ type: 'userInput', items: [{ type: 'text', text: 'more' }] });
        return respond(message(request.textsOf('user').includes('more') ? 'second' : 'first'), used(100));
      },
      ['budget.tokens=10000'],
    );
    expect(await live.say('go')).toMatchObject({ lastAgentMessage: 'first' });
    expect(await live.next('turn.completed', ({ lastAgentMessage }) => lastAgentMessage === 'second')).toBeDefined();
  });
});

describe('the gate at the end of a turn', () => {
  const always = ['verify_before_finish="always"'];
  const check = (id: string) => respond(shell('echo checked # npm test', id), used(100));

  test('prompts 29: off by default, no request is added', async () => {
    await open([respond(edit('a.txt', 'p1'), used(100)), ok]);
    expect(await live.say('go')).toMatchObject({ status: 'completed' });
    expect(server.requests).toHaveLength(2);
  });

  test('prompts 29: on, an edit after the last check adds exactly one request, whatever its answer', async () => {
    await open(
      [check('c'), respond(edit('a.txt', 'p'), used(100)), ok, respond(message('still ok'), used(100))],
      always,
    );
    expect(await live.say('go')).toMatchObject({ lastAgentMessage: 'still ok' });
    expect(server.requests).toHaveLength(4);
    expect(lastUserText(3)).toBe(
      '<keel_note kind="verify">Before this ends: a.txt changed after the last check that ran (echo checked # npm test). Run the check that covers the change and report its result, or say in one line why none applies.</keel_note>',
    );
    expect(
      live.events.filter((event) => event.type === 'item.completed' && event.item.type === 'userMessage'),
    ).toHaveLength(1);
  });

  test('checked, or with a reason, it ends at once; an edit of an earlier turn is not asked about again', async () => {
    await open(
      [
        ...[respond(edit('a.txt', 'p1'), used(100)), check('c1'), ok],
        ...[
          respond(edit('b.txt', 'p2'), used(100)),
          respond(message('Not tested: there are no tests here.'), used(100)),
        ],
        ok,
      ],
      always,
    );
    await live.say('one');
    await live.say('two');
    await live.say('three');
    expect(server.requests).toHaveLength(6);
  });

  test('open steps of a plan that the turn set are asked about, with what was not checked, in one request', async () => {
    const plan = functionCall(
      'update_plan',
      {
        plan: [
          { step: 'look', status: 'completed' },
          { step: 'mend it', status: 'in_progress' },
        ],
      },
      'c0',
    );
    await open([respond(plan, edit('a.txt', 'p'), used(100)), ok, ok], always);
    await live.say('go');
    expect(server.requests).toHaveLength(3);
    expect(server.requests[2]?.textsOf('user').slice(-2)).toEqual([
      expect.stringContaining('a.txt changed and no check has run.'),
      '<keel_note kind="plan">The plan still has open steps: mend it. Finish them, or mark them as dropped with the reason, then end.</keel_note>',
    ]);
  });

  test('a turn that a crash cut off after it was asked is not asked again', async () => {
    await open([respond(edit('a.txt', 'p'), used(100)), ok, ok, ok], always);
    await live.say('go');
    await cutOff((line) => line.includes('"sampling-3"'), always);
    await live.next('turn.completed');
    expect(server.requests).toHaveLength(4);
    expect(server.requests[3]?.text).toBe(server.requests[2]?.text);
  });

  test('for exec only where it says so', async () => {
    await open([respond(edit('a.txt', 'p1'), used(100)), ok, ok], ['verify_before_finish="exec"'], {
      options: { source: 'cli' },
    });
    await live.say('go');
    expect(server.requests).toHaveLength(2);
  });
});

describe('handovers', () => {
  test('prompts 20, 22: words, plan, paths and check are handed on, once, however often it is compacted', async () => {
    const plan = functionCall('update_plan', { plan: [{ step: 'mend it', status: 'in_progress' }] }, 'c0');
    await open([
      ...[respond(plan, shell('echo 2 failed; exit 1 # npm test', 'c1'), used(100))],
      ...[respond(edit('one.txt', 'c2'), edit('two.txt', 'c3'), used(100)), ok],
      ...[respond(message(SUMMARY), used(100)), ok, respond(message(`${SUMMARY} again`), used(100)), ok],
    ]);
    await live.say('the very first words');
    await live.turn({ type: 'compact' });
    await live.say('the newest words');
    await live.turn({ type: 'compact' });
    await live.say('go on');
    expect([isCompaction(3), isCompaction(5)]).toEqual([true, true]);
    const texts = server.requests[6]?.textsOf('user') ?? [];
    expect(texts).toContain('the very first words');
    expect(texts).toContain('the newest words');
    expect(handovers(6)).toHaveLength(1);
    const [handover = ''] = handovers(6);
    expect(handover).toContain('[>] mend it');
    expect(handover).toContain('A  one.txt');
    expect(handover).toContain('A  two.txt');
    expect(handover).toMatch(/echo 2 failed; exit 1 # npm test: exit code 1, before the last edit, so out of date/);
    expect(handover).toContain('again');
    expect(JSON.stringify(server.requests[6]?.input)).not.toContain('The conversation has nearly filled');
  });

  test('prompts 21: a claim that all passes is contradicted while the last check failed, and only then', async () => {
    const claims = respond(message(`${SUMMARY}\nAll tests pass.`), used(100));
    const line = 'keel: the last check recorded was';
    await open([
      ...[respond(shell('exit 3 # npm test', 'c1'), used(100)), ok, claims, ok],
      ...[respond(shell('true # npm test', 'c2'), used(100)), ok, claims, ok],
    ]);
    await live.say('one');
    await live.turn({ type: 'compact' });
    await live.say('two');
    expect(handovers(3)[0]).toContain(`${line} exit 3 # npm test, exit 3, fresh`);
    await live.say('three');
    await live.turn({ type: 'compact' });
    await live.say('four');
    expect(handovers(7)[0]).not.toContain(line);
  });
});

test('prompts 30: instructions of the user’s own are sent byte for byte', async () => {
  const own = 'Be brief.\r\n\tÄ "quoted"  \u{1f600}';
  home.write({ 'own.md': own });
  await open([ok], [`experimental_instructions_file=${JSON.stringify(join(home.path, 'own.md'))}`]);
  await live.say('go');
  expect(server.requests[0]?.body['instructions']).toBe(own);
});
