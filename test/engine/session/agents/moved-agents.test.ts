import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  functionCall,
  message,
  type RecordedRequest,
  type Response,
  respond,
  usage,
} from '../../../../src/testing/index.ts';
import { rolloutsIn } from '../../../support/keel.ts';
import { says, type TestSession } from '../../../support/session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';
import { untilDeath } from '../../../support/sessions/until-death.ts';

const thread = liveSession();
const OVERRIDES = ['features.multi_agent=true'];
/** The start of a command that runs until its thread is let go. */
const BEGINS = 'echo begun > begun; until test -e go; do sleep 0.02; done';
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const read = (name: string) => {
  const path = join(thread.repo.path, name);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};
const outputsOf = (request: RecordedRequest) => request.input.filter((item) => item['type'] === 'function_call_output');

/** A parent that starts a helper and waits for it; the helper runs these commands one after the other, then reports. */
function parentOf(...scripts: readonly string[]) {
  return async (request: RecordedRequest): Promise<Response> => {
    const isHelper = request.textsOf('user').some((text) => text.startsWith('<agent_role'));
    const done = outputsOf(request).length;
    const used = usage({ input: 90, output: 10 });
    if (isHelper) {
      const script = scripts[done];
      return respond(script === undefined ? message('the report') : shell(script, `h${done}`), used);
    }
    if (done === 0) return respond(functionCall('spawn_agent', { message: 'look around' }, 'p0'), used);
    const { id } = JSON.parse(String(outputsOf(request)[0]?.['output']));
    if (done === 1) return respond(functionCall('wait', { ids: [id], timeout_ms: 60_000 }, 'p1'), used);
    return respond(message(`heard: ${String(outputsOf(request)[1]?.['output'])}`), used);
  };
}

const continued = (first: TestSession, overrides: readonly string[] = OVERRIDES) =>
  thread.reopen({
    overrides,
    options: { origin: { type: 'resume', id: first.session.threadId }, unfinishedTurn: 'continue' },
  });
/** Lets a thread go whose helper is within its command; that ends then. */
async function letGo(first: TestSession): Promise<void> {
  await expect.poll(() => read('begun')).toBe('begun\n');
  const released = first.session.release(60_000);
  thread.repo.write({ go: '' });
  await released;
}
const HEARD = { status: 'completed', lastAgentMessage: expect.stringContaining('"message":"the report"') };

describe('a helper of a turn that moves', () => {
  test('is let go behind its command and continued elsewhere, and its parent gets its report', async () => {
    const first = await thread.open(parentOf(`${BEGINS}; echo one >> log`, 'echo two >> log'), {
      overrides: OVERRIDES,
    });
    first.session.submit(says('go'));
    await letGo(first);
    expect(read('log')).toBe('one\n');
    expect(rolloutsIn(thread.home.path)).toHaveLength(2);
    await using next = await continued(first);
    expect(await next.next('turn.completed')).toMatchObject(HEARD);
    expect(read('log')).toBe('one\ntwo\n');
    expect(rolloutsIn(thread.home.path)).toHaveLength(2);
  });

  test('counts its tokens for the thread once', async () => {
    const first = await thread.open(parentOf(BEGINS, 'echo two >> log'), {
      overrides: OVERRIDES,
    });
    first.session.submit(says('go'));
    await letGo(first);
    await using next = await continued(first);
    await next.next('turn.completed');
    const last = next.events.findLast((event) => event.type === 'usage.updated');
    // Three responses of the parent, three of the helper.
    expect(last?.type === 'usage.updated' && last.info?.total_token_usage.total_tokens).toBe(600);
  });

  test('asks its question again under the same id, through its parent', async () => {
    const overrides = [...OVERRIDES, 'approval_policy="untrusted"'];
    const first = await thread.open(parentOf('echo one >> log'), { overrides });
    first.session.submit(says('go'));
    const asked = await first.next('approval.requested');
    await first.session.release(20_000);
    expect(read('log')).toBe('');
    // Whoever shows the thread still has the question: nobody answered it.
    expect(first.events.filter(({ type }) => type === 'approval.resolved')).toEqual([]);
    await using next = await continued(first, overrides);
    const again = await next.next('approval.requested');
    expect(again).toMatchObject({ agent: asked.agent, threadId: asked.threadId });
    expect(again.request.questionId).toBe(asked.request.questionId);
    next.session.submit({ type: 'approval', questionId: asked.request.questionId, decision: { type: 'approved' } });
    expect(await next.next('turn.completed')).toMatchObject(HEARD);
    expect(read('log')).toBe('one\n');
  });

  test('that is cut off within a command reports its outcome as unknown, and does not repeat it', async () => {
    const first = await thread.open(parentOf('echo one >> log; sleep 300', 'echo two >> log'), {
      overrides: OVERRIDES,
    });
    first.session.submit(says('go'));
    await expect.poll(() => read('log')).toBe('one\n');
    await first.session.release(50);
    await using next = await continued(first);
    expect(await next.next('turn.completed')).toMatchObject(HEARD);
    expect(read('log')).toBe('one\ntwo\n');
    const report = thread.server.requests.findLast((request) => request.outputOf('h0') !== undefined);
    expect(report?.outputOf('h0')).toMatch(/^unknown outcome/);
  });

  test('of a process that was killed is continued behind its last step, and nothing it did is repeated', async () => {
    // The number is in the output of the command alone.
    await thread.serve(parentOf('echo one >> log; echo "$((40 + 2))-h0"', 'echo two >> log'));
    const place = { url: thread.server.url, home: thread.home.path, cwd: thread.repo.path, overrides: OVERRIDES };
    const id = await untilDeath({ place, resume: null, text: 'go', decision: null, dieAfter: '42-h0' });
    await using next = await thread.reopen({
      overrides: OVERRIDES,
      options: { origin: { type: 'resume', id }, unfinishedTurn: 'continue' },
    });
    expect(await next.next('turn.completed')).toMatchObject(HEARD);
    expect(read('log')).toBe('one\ntwo\n');
    expect(rolloutsIn(thread.home.path)).toHaveLength(2);
  });

  test('that is opened by a person later is lost, as its record says', async () => {
    const first = await thread.open(parentOf(BEGINS, 'echo two >> log'), {
      overrides: OVERRIDES,
    });
    first.session.submit(says('go'));
    await letGo(first);
    await using next = await thread.reopen({
      overrides: OVERRIDES,
      options: { origin: { type: 'resume', id: first.session.threadId }, unfinishedTurn: 'interrupt' },
    });
    next.session.submit(says('and?'));
    await next.next('turn.completed');
    expect(read('log')).toBe('');
    expect(thread.server.requests.at(-1)?.textsOf('user').join('\n')).toContain('while these helpers were at work');
  });

  test('whose record names a thread that this one did not start is lost', async () => {
    const first = await thread.open(parentOf(BEGINS, 'echo two >> log'), {
      overrides: OVERRIDES,
    });
    first.session.submit(says('go'));
    await letGo(first);
    const helper = rolloutsIn(thread.home.path).find((path) => path !== first.session.rolloutPath) ?? '';
    writeFileSync(helper, readFileSync(helper, 'utf8').replace(/"parent_thread_id":"[^"]*"/, '"parent_thread_id":"x"'));
    await using next = await continued(first);
    expect(await next.next('turn.completed')).toMatchObject({
      lastAgentMessage: expect.stringContaining('keel ended while it was at work'),
    });
    expect(read('log')).toBe('');
  });

  test('that worked beside an idle thread continues with its next turn', async () => {
    const gate = Promise.withResolvers<void>();
    const helper = parentOf('echo one >> log');
    const first = await thread.open(
      async (request) => {
        const isHelper = request.textsOf('user').some((text) => text.startsWith('<agent_role'));
        if (isHelper && outputsOf(request).length === 0) await gate.promise;
        if (isHelper) return helper(request);
        const used = usage({ input: 90, output: 10 });
        if (outputsOf(request).length === 0) {
          return respond(functionCall('spawn_agent', { message: 'look around' }, 'p0'), used);
        }
        if (!request.textsOf('user').includes('and?')) return respond(message('it works on it'), used);
        return helper(request);
      },
      { overrides: OVERRIDES },
    );
    await first.say('go');
    await first.session.release(50);
    gate.resolve();
    await using next = await continued(first);
    expect(await next.say('and?')).toMatchObject(HEARD);
    expect(read('log')).toBe('one\n');
  });
});
