import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OpenSessionOptions } from '../../../../src/engine/session/index.ts';
import { functionCall, hang, message, type RecordedRequest, respond, usage } from '../../../../src/testing/index.ts';
import { says, type TestSession } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { tempDir } from '../../../support/temp-dir.ts';

const thread = liveSession();
const UNTRUSTED = ['approval_policy="untrusted"'];
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const logged = () => {
  const path = join(thread.repo.path, 'log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const questions = (live: TestSession) => live.events.filter(({ type }) => type === 'approval.requested').length;
const recorded = (live: TestSession, type: string) =>
  readFileSync(live.session.rolloutPath ?? '', 'utf8')
    .split('\n')
    .flatMap((line) => (line.includes(`"${type}"`) ? [JSON.parse(line).payload] : []));

/** Calls the commands one a response, then ends, in each turn again. */
function eachTurn(...scripts: readonly string[]) {
  return (request: RecordedRequest) => {
    const since = request.input.findLastIndex((item) => item['role'] === 'user');
    const done = request.input.slice(since).filter((item) => item['type'] === 'function_call_output').length;
    const script = scripts[done];
    return respond(
      script === undefined ? message('done') : shell(script, `c${request.input.length}`),
      usage({ input: 90, output: 10 }),
    );
  };
}

const moved = (id: string, overrides: readonly string[], options: Partial<OpenSessionOptions> = {}) =>
  thread.reopen({ overrides, options: { origin: { type: 'resume', id }, unfinishedTurn: 'continue', ...options } });

describe('what was approved for the session', () => {
  async function approvedOnce(): Promise<TestSession> {
    const first = await thread.open(eachTurn('echo ran >> log'), { overrides: UNTRUSTED });
    const turn = first.say('go');
    const { request } = await first.next('approval.requested');
    first.session.submit({
      type: 'approval',
      questionId: request.questionId,
      decision: { type: 'approvedForSession' },
    });
    await turn;
    await first.session.release(1_000);
    return first;
  }

  test('counts where the thread is continued by another process, and is recorded once', async () => {
    const first = await approvedOnce();
    await using next = await moved(first.session.threadId, UNTRUSTED);
    await next.say('again');
    await next.say('and again');
    expect(questions(next)).toBe(0);
    expect(logged()).toBe('ran\nran\nran\n');
    expect(recorded(next, 'approved_for_session')).toHaveLength(1);
  });

  test('counts for what was approved only', async () => {
    const first = await approvedOnce();
    await thread.server.close();
    await thread.serve(eachTurn('echo other >> log'));
    await using next = await moved(first.session.threadId, UNTRUSTED);
    next.session.submit(says('again'));
    await next.next('approval.requested');
    expect(logged()).toBe('ran\n');
  });

  test.each<readonly [string, Partial<OpenSessionOptions>]>([
    ['a person opens the thread later', { unfinishedTurn: 'interrupt' }],
    ['the thread is forked', { origin: { type: 'forkLast', anyDirectory: true, userMessages: null } }],
  ])('is asked again where %s', async (_, options) => {
    const first = await approvedOnce();
    await using next = await moved(first.session.threadId, UNTRUSTED, options);
    next.session.submit(says('again'));
    await next.next('approval.requested');
    expect(logged()).toBe('ran\n');
  });

  test('is asked again for a record that is not among the threads of the home, whatever it says', async () => {
    const first = await approvedOnce();
    using elsewhere = tempDir();
    const copy = join(elsewhere.path, 'rollout.jsonl');
    copyFileSync(first.session.rolloutPath ?? '', copy);
    await using next = await moved(copy, UNTRUSTED);
    next.session.submit(says('again'));
    await next.next('approval.requested');
    expect(logged()).toBe('ran\n');
  });

  test('that was rolled back is asked again', async () => {
    const first = await approvedOnce();
    await using next = await moved(first.session.threadId, UNTRUSTED);
    next.session.submit({ type: 'rollback', turns: 1 });
    await next.next('thread.rolledBack');
    await next.session.close();
    await using last = await moved(first.session.threadId, UNTRUSTED);
    last.session.submit(says('again'));
    await last.next('approval.requested');
  });
});

describe('the budget of a turn that moves', () => {
  /** Releases a turn within its second request, which hangs; the continued turn's hangs as well if `alwaysHangs`. */
  async function releasedInSecond(overrides: readonly string[], { alwaysHangs = false } = {}) {
    let hangs = true;
    const work = eachTurn('echo one >> log');
    const first = await thread.open(
      (request, index) => {
        if (index === 0 || !hangs) return work(request);
        hangs = alwaysHangs;
        return respond(message('hm'), hang());
      },
      { overrides },
    );
    first.session.submit(says('go'));
    await first.next('item.completed', ({ item }) => item.type === 'agentMessage');
    await first.session.release(50);
    return first;
  }

  test('of minutes counts what was used before, and not the time between', async () => {
    const overrides = ['budget.minutes=5'];
    const first = await releasedInSecond(overrides, { alwaysHangs: true });
    const used = recorded(first, 'budget_used').at(-1);
    expect(used.minutes).toBeGreaterThan(0);
    expect(used.minutes).toBeLessThan(2);
    // As if the turn had run for all but a moment of its time before.
    const path = first.session.rolloutPath ?? '';
    const late = JSON.stringify({ type: 'budget_used', tokens: 100, minutes: 4.9999, cost: 0 });
    const text = readFileSync(path, 'utf8').replaceAll(/\{"type":"budget_used"[^}]*\}/g, late);
    writeFileSync(path, text);
    await using next = await moved(first.session.threadId, overrides);
    expect(await next.next('turn.completed')).toMatchObject({ status: 'failed', error: { kind: 'budgetExceeded' } });
  });

  test('of tokens counts each response once', async () => {
    const overrides = ['budget.tokens=100000'];
    const first = await releasedInSecond(overrides);
    expect(recorded(first, 'budget_used').at(-1)).toMatchObject({ tokens: 100 });
    await using next = await moved(first.session.threadId, overrides);
    expect(await next.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(recorded(next, 'budget_used').at(-1)).toMatchObject({ tokens: 200 });
  });

  test('of a record without such lines, as earlier versions wrote it, is counted from its responses', async () => {
    const overrides = ['budget.tokens=100000'];
    const first = await releasedInSecond(overrides);
    const path = first.session.rolloutPath ?? '';
    const lines = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, lines.filter((line) => !line.includes('"budget_used"')).join('\n'));
    await using next = await moved(first.session.threadId, overrides);
    await next.next('turn.completed');
    expect(recorded(next, 'budget_used').at(-1)).toMatchObject({ tokens: 200 });
  });

  test('is not recorded where there is none', async () => {
    const first = await releasedInSecond([]);
    expect(recorded(first, 'budget_used')).toEqual([]);
  });
});
