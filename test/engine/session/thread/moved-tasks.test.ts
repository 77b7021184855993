import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Op } from '../../../../src/foundation/protocol/index.ts';
import { functionCall, hang, message, type RecordedRequest, respond, usage } from '../../../../src/testing/index.ts';
import { stdioServer } from '../../../support/mcp/settings.ts';
import { says, type TestSession } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { untilDeath } from '../../../support/sessions/until-death.ts';

const thread = liveSession();
const used = usage({ input: 90, output: 10 });
const ok = respond(message('ok'), used);
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const read = (name: string) => {
  const path = join(thread.repo.path, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const recordOf = ({ session }: TestSession) => readFileSync(session.rolloutPath ?? '', 'utf8');
const count = (text: string, part: string) => text.split(part).length - 1;
const isSummary = ({ body }: RecordedRequest) => body['tool_choice'] === 'none';
const SUMMARY = respond(message('## Goal\nthe goal\n## Next\nthe rest'), used);

const moved = (id: string, overrides: readonly string[] = []) =>
  thread.reopen({ overrides, options: { origin: { type: 'resume', id }, unfinishedTurn: 'continue' } });

/** As a worker does: what the record does not show as ended or open is submitted under its id. */
function submitAgain({ session, events }: TestSession, op: Op, id: string): void {
  const started = events.find((event) => event.type === 'thread.started');
  if (started?.type !== 'thread.started' || started.turns.at(-1)?.status === 'inProgress') return;
  session.submit(op, id);
}

describe('a call of a server that moves with its turn', () => {
  test('is not made again, and the server is there for the next one', async () => {
    let hangs = true;
    const overrides = [stdioServer('notes', ['noted', join(thread.repo.path, 'calls')])];
    const first = await thread.open(
      (request) => {
        const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
        if (done === 0) return respond(functionCall('mcp__notes__echo', { text: 'one' }, 'm0'), used);
        if (done === 2) return ok;
        if (!hangs) return respond(functionCall('mcp__notes__echo', { text: 'two' }, 'm1'), used);
        hangs = false;
        return respond(message('hm'), hang());
      },
      { overrides },
    );
    first.session.submit(says('go'));
    await first.next('item.completed', ({ item }) => item.type === 'agentMessage');
    await first.session.release(50);
    await using next = await moved(first.session.threadId, overrides);
    expect(await next.next('turn.completed')).toMatchObject({ status: 'completed' });
    const last = thread.server.requests.at(-1);
    expect([last?.outputOf('m0'), last?.outputOf('m1')].map(String)).toEqual([
      expect.stringContaining('echo: one'),
      expect.stringContaining('echo: two'),
    ]);
    expect(last?.tools).toEqual(thread.server.requests[0]?.tools);
    expect(read('calls')).toBe('{"text":"one"}\n{"text":"two"}\n');
  });
});

describe('a compaction that moves', () => {
  const compact: Op = { type: 'compact' };

  async function talked(script: Parameters<typeof thread.open>[0]): Promise<TestSession> {
    const first = await thread.open(script);
    await first.say('first words');
    return first;
  }

  test('is finished by the owner that lets it go, where there is time', async () => {
    const gate = Promise.withResolvers<void>();
    const first = await talked(async (request) => {
      if (!isSummary(request)) return ok;
      await gate.promise;
      return SUMMARY;
    });
    first.session.submit(compact, 'f2');
    await thread.server.request(1);
    const released = first.session.release(20_000);
    gate.resolve();
    await released;
    expect(first.events.findLast(({ type }) => type === 'turn.completed')).toMatchObject({ turnId: 'f2' });
    await using next = await moved(first.session.threadId);
    await next.say('second words');
    expect(thread.server.requests.filter(isSummary)).toHaveLength(1);
    expect(thread.server.requests.at(-1)?.textsOf('user').join('\n')).toContain('the goal');
  });

  test('is begun again where it was cut off, and compacts once', async () => {
    let hangs = true;
    const first = await talked((request) => {
      if (!isSummary(request)) return ok;
      const response = hangs ? respond(message('half'), hang()) : SUMMARY;
      hangs = false;
      return response;
    });
    first.session.submit(compact, 'f2');
    await thread.server.request(1);
    await first.session.release(50);
    await using next = await moved(first.session.threadId);
    submitAgain(next, compact, 'f2');
    expect(await next.next('turn.completed')).toMatchObject({ turnId: 'f2', status: 'completed' });
    await next.say('second words');
    expect(count(recordOf(next), '"type":"compacted"')).toBe(1);
    expect(thread.server.requests.at(-1)?.textsOf('user').join('\n')).toContain('the goal');
  });

  test.each([
    ['that was recorded when its process was killed still has its hooks behind it', '"type":"compacted"', 0],
    [
      'whose hooks were asked when its process was killed asks none again',
      '"id":"postcompact-now","kind":"io","state":"end"',
      1,
    ],
  ])('%s', async (_, dieAfter, before) => {
    await thread.serve((request) => (isSummary(request) ? SUMMARY : ok));
    const note = '{"hookSpecificOutput":{"additionalContext":"read the plan again"}}';
    const commands = { PostCompact: `cat >> ${thread.repo.path}/after.log`, SessionStart: `printf %s '${note}'` };
    const hooks = Object.entries(commands).map(([event, command]) => [
      event,
      [{ hooks: [{ type: 'command', command }] }],
    ]);
    writeFileSync(join(thread.home.path, 'hooks.json'), JSON.stringify({ hooks: Object.fromEntries(hooks) }));
    const place = { url: thread.server.url, home: thread.home.path, cwd: thread.repo.path };
    const asked = () => count(read('after.log'), '"hook_event_name":"PostCompact"');
    const how = { place, resume: null, decision: null, dieAfter };
    const id = await untilDeath({ ...how, text: 'first words', next: compact });
    expect(asked()).toBe(before);
    await using next = await moved(id);
    submitAgain(next, compact, 'next');
    expect(await next.next('turn.completed')).toMatchObject({ turnId: 'next', status: 'completed' });
    expect(asked()).toBe(1);
    await next.say('second words');
    const sent = JSON.stringify(thread.server.requests.at(-1)?.input);
    // Once for the start of the session that continues, and once for the compaction.
    expect(count(sent, 'read the plan again')).toBe(2);
  });

  test('that was recorded when its process was killed is not made twice', async () => {
    await thread.serve((request) => (isSummary(request) ? SUMMARY : ok));
    const place = { url: thread.server.url, home: thread.home.path, cwd: thread.repo.path };
    const how = { place, resume: null, decision: null, dieAfter: '"type":"compacted"' };
    const id = await untilDeath({ ...how, text: 'first words', next: compact });
    await using next = await moved(id);
    submitAgain(next, compact, 'next');
    expect(await next.next('turn.completed')).toMatchObject({ turnId: 'next', status: 'completed' });
    expect(count(recordOf(next), '"type":"compacted"')).toBe(1);
    expect(thread.server.requests.filter(isSummary)).toHaveLength(1);
  });
});

describe('an undo that moves', () => {
  const undo: Op = { type: 'undo' };
  const UNDO = ['features.undo=true'];
  const turns = (request: RecordedRequest) => {
    const since = request.input.findLastIndex((item) => item['role'] === 'user');
    const isDone = request.input.slice(since).some((item) => item['type'] === 'function_call_output');
    const text = request.textsOf('user').at(-1);
    return isDone ? ok : respond(shell(`printf ${text} > a.txt`, `c${request.input.length}`), used);
  };

  test('takes back the turns that another owner ran', async () => {
    thread.repo.write({ 'a.txt': 'zero' });
    const first = await thread.open(turns, { overrides: UNDO });
    await first.say('one');
    await first.session.release(1_000);
    await using next = await moved(first.session.threadId, UNDO);
    await next.say('two');
    expect(read('a.txt')).toBe('two');
    await next.turn(undo);
    expect(read('a.txt')).toBe('one');
    await next.turn(undo);
    expect(read('a.txt')).toBe('zero');
  });

  test('that was done when its process was killed is not done for the turn before as well', async () => {
    thread.repo.write({ 'a.txt': 'zero' });
    const first = await thread.open(turns, { overrides: UNDO });
    await first.say('one');
    await first.say('two');
    await first.session.close();
    const place = { url: thread.server.url, home: thread.home.path, cwd: thread.repo.path, overrides: UNDO };
    const how = { place, resume: first.session.threadId, decision: null, text: null, dieAfter: '"undo_completed"' };
    await untilDeath({ ...how, next: undo });
    expect(read('a.txt')).toBe('one');
    await using next = await moved(first.session.threadId, UNDO);
    submitAgain(next, undo, 'next');
    expect(await next.next('turn.completed')).toMatchObject({ turnId: 'next', status: 'completed' });
    expect(read('a.txt')).toBe('one');
    // The model hears of it, though the process died right after the files went back.
    await next.say('three');
    const heard = thread.server.requests.at(-1)?.textsOf('user').join('\n') ?? '';
    expect(heard).toContain('The user undid file changes');
  });
});

describe('a review that moves', () => {
  const review: Op = { type: 'review', target: { type: 'uncommittedChanges' } };
  const found = { findings: [], overall_correctness: 'patch is correct', overall_explanation: 'Fine.' };
  const verdict = respond(message(JSON.stringify({ ...found, overall_confidence_score: 0.9 })), used);
  const reviewed = ({ events }: TestSession) =>
    events.flatMap((event) =>
      event.type === 'item.completed' && event.item.type === 'exitedReviewMode' ? [event.item.review] : [],
    );

  test('is finished by the owner that lets it go, where there is time', async () => {
    writeFileSync(join(thread.repo.path, 'change.ts'), 'changed\n');
    const gate = Promise.withResolvers<void>();
    const first = await thread.open(async () => {
      await gate.promise;
      return verdict;
    });
    first.session.submit(review, 'f1');
    await thread.server.request(0);
    const released = first.session.release(20_000);
    gate.resolve();
    await released;
    expect(reviewed(first).join('\n')).toContain('Fine.');
    await using next = await moved(first.session.threadId);
    submitAgain(next, says('and?'), 'f2');
    await next.next('turn.completed');
    expect(thread.server.requests.at(-1)?.textsOf('user').join('\n')).toContain('Fine.');
  });

  /** A reviewer that runs one command, which asks for approval, and then has its verdict. */
  const careful = (request: RecordedRequest) =>
    request.input.some((item) => item['type'] === 'function_call_output')
      ? verdict
      : respond(shell('echo looked >> looked', 'r0'), used);

  /** Releases a review within the first answer of its reviewer, which hangs. The next one is the verdict. */
  async function releasedInFirst(): Promise<TestSession> {
    let hangs = true;
    const first = await thread.open(() => {
      const response = hangs ? respond(message('half'), hang()) : verdict;
      hangs = false;
      return response;
    });
    first.session.submit(review, 'f1');
    await thread.server.request(0);
    await first.session.release(50);
    return first;
  }

  test('only waits when its reviewer does, and asks the same question elsewhere', async () => {
    writeFileSync(join(thread.repo.path, 'change.ts'), 'changed\n');
    const overrides = ['approval_policy="untrusted"', 'sandbox_mode="danger-full-access"'];
    const first = await thread.open(careful, { overrides });
    first.session.submit(review, 'f1');
    const asked = await first.next('approval.requested');
    await expect.poll(() => first.session.isOnlyWaiting).toBe(true);
    await first.session.release(60_000);
    expect(first.events.filter(({ type }) => type === 'approval.resolved' || type === 'turn.completed')).toEqual([]);
    expect(read('looked')).toBe('');
    await using next = await moved(first.session.threadId, overrides);
    submitAgain(next, review, 'f1');
    const again = await next.next('approval.requested');
    expect(again.request).toMatchObject({ questionId: asked.request.questionId });
    next.session.submit({ type: 'approval', questionId: asked.request.questionId, decision: { type: 'approved' } });
    expect(await next.next('turn.completed')).toMatchObject({ turnId: 'f1', status: 'completed' });
    expect(reviewed(next).join('\n')).toContain('Fine.');
    expect(read('looked')).toBe('looked\n');
    // What it had read before was not asked for again, and is counted once.
    expect(thread.server.requests).toHaveLength(2);
    expect(count(recordOf(next), '<user_action>')).toBe(1);
    const { info } = await next.next('usage.updated');
    expect(info?.total_token_usage.total_tokens).toBe(200);
  });

  test('continues where it was cut off between two steps of its reviewer', async () => {
    writeFileSync(join(thread.repo.path, 'change.ts'), 'changed\n');
    let hangs = true;
    const overrides = ['approval_policy="never"', 'sandbox_mode="danger-full-access"'];
    const first = await thread.open(
      (request) => {
        const response = careful(request);
        if (response !== verdict || !hangs) return response;
        hangs = false;
        return respond(message('half'), hang());
      },
      { overrides },
    );
    first.session.submit(review, 'f1');
    await thread.server.request(1);
    await first.session.release(50);
    await using next = await moved(first.session.threadId, overrides);
    submitAgain(next, review, 'f1');
    expect(await next.next('turn.completed')).toMatchObject({ turnId: 'f1', status: 'completed' });
    expect(reviewed(next).join('\n')).toContain('Fine.');
    expect(read('looked')).toBe('looked\n');
    expect(count(recordOf(next), '<user_action>')).toBe(1);
  });

  test('continues where its reviewer has its request, also if the change is not there to be found any more', async () => {
    const change = join(thread.repo.path, 'change.ts');
    writeFileSync(change, 'changed\n');
    const first = await releasedInFirst();
    rmSync(change);
    await using next = await moved(first.session.threadId);
    submitAgain(next, review, 'f1');
    expect(await next.next('turn.completed')).toMatchObject({ turnId: 'f1', status: 'completed' });
    expect(reviewed(next).join('\n')).toContain('Fine.');
  });

  test.each([
    ['there was no reviewer', '"task_started"'],
    ['its reviewer had no request', '"parent_thread_id"'],
  ])('is refused like any other where %s yet and there is nothing to review', async (_, dieAfter) => {
    const change = join(thread.repo.path, 'change.ts');
    writeFileSync(change, 'changed\n');
    await thread.serve([]);
    const place = { url: thread.server.url, home: thread.home.path, cwd: thread.repo.path };
    const id = await untilDeath({ place, resume: null, decision: null, text: null, dieAfter, next: review });
    rmSync(change);
    await using next = await moved(id);
    submitAgain(next, review, 'next');
    expect(await next.next('turn.completed')).toMatchObject({
      ...{ turnId: 'next', status: 'failed' },
      error: { kind: 'invalidInput', message: expect.stringContaining('nothing to review') },
    });
    expect(thread.server.requests).toHaveLength(0);
  });

  test('is begun again where it was cut off, and noted once', async () => {
    writeFileSync(join(thread.repo.path, 'change.ts'), 'changed\n');
    const first = await releasedInFirst();
    await using next = await moved(first.session.threadId);
    submitAgain(next, review, 'f1');
    expect(await next.next('turn.completed')).toMatchObject({ turnId: 'f1', status: 'completed' });
    expect(reviewed(next).join('\n')).toContain('Fine.');
    expect(count(recordOf(next), '<user_action>')).toBe(1);
  });
});
