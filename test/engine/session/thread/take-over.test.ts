import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { functionCall, hang, message, type RecordedRequest, respond, usage } from '../../../../src/testing/index.ts';
import { inOtherNamespace } from '../../../support/sandbox/namespace.ts';
import { says } from '../../../support/session.ts';
import type { DyingSession } from '../../../support/sessions/dying-session.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const otherNamespace = inOtherNamespace();
/** A command's wait for the test. */
const UNTIL_LET = 'until test -e go; do sleep 0.02; done';
const thread = liveSession();
const logged = () => {
  const path = join(thread.repo.path, 'log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

/** Calls the commands one a response, then ends. */
function oneByOne(...scripts: readonly string[]) {
  return (request: RecordedRequest) => {
    const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
    const script = scripts[done];
    if (script === undefined) return respond(message('done'));
    return respond(functionCall('shell', { command: ['bash', '-c', script] }, `c${done}`));
  };
}

/** A process that has a thread and stops after a certain write, until it is woken. */
async function frozenOwner(how: Pick<DyingSession, 'dieAfter'>, prefix: readonly string[] = []) {
  const { home, repo, server } = thread;
  const frozenUntil = join(home.path, 'wake');
  const place = { url: server.url, home: home.path, cwd: repo.path };
  const options = { place, resume: null, text: 'go', decision: null, frozenUntil, ...how } satisfies DyingSession;
  const program = join(import.meta.dirname, '../../../support/sessions/dying-session.ts');
  const [command = '', ...args] = [...prefix, process.execPath, program, JSON.stringify(options)];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => String((await lines.next()).value);
  const id = await next();
  expect(await next()).toBe('frozen');
  return {
    id,
    /** @returns how its turn ended */
    async wake(): Promise<string> {
      writeFileSync(frozenUntil, '');
      const end = await next();
      await ended;
      return end;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('a thread that is taken over from a process that is stopped', () => {
  const takeOver = (id: string) =>
    thread.reopen({ options: { origin: { type: 'resume', id, takeOver: true }, unfinishedTurn: 'continue' } });

  const moments = [
    ['a response was recorded', '"name":"shell"'],
    ['the start of a call was recorded', '"state":"started"'],
  ] as const;
  test.each(moments)('after %s: woken, it writes nothing and runs nothing', (_, dieAfter) => provesFence(dieAfter, []));
  test.skipIf(otherNamespace === null).each(moments)(
    'after %s, in another PID namespace: woken, it writes nothing and runs nothing',
    (_, dieAfter) => provesFence(dieAfter, otherNamespace ?? []),
  );

  async function provesFence(dieAfter: string, prefix: readonly string[]): Promise<void> {
    await thread.serve(oneByOne('echo one >> log', 'echo two >> log'));
    await using owner = await frozenOwner({ dieAfter }, prefix);
    await using live = await takeOver(owner.id);
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed' });
    const before = logged();
    const record = readFileSync(live.session.rolloutPath ?? '', 'utf8');
    expect(await owner.wake()).toBe('threadTaken');
    expect(logged()).toBe(before);
    expect(readFileSync(live.session.rolloutPath ?? '', 'utf8')).toBe(record);
    // A call that was started is reported and not repeated; one that was not is run once.
    expect(logged()).toBe(dieAfter.includes('started') ? 'two\n' : 'one\ntwo\n');
    const outputs = thread.server.requests.at(-1)?.outputOf('c0');
    expect(outputs).toMatch(dieAfter.includes('started') ? /^unknown outcome/ : /^Exit code: 0/);
    // It is still the new owner's, whatever the other did at its end.
    expect(await live.say('again')).toMatchObject({ status: 'completed' });
  }

  test('keeps a command that the other process has started: it runs to its end', async () => {
    const cmd = 'echo begun >> log; for i in $(seq 400); do [ -e go ] && break; sleep 0.05; done; echo ended >> log';
    await thread.serve((request) =>
      request.outputOf('c0') === undefined
        ? respond(functionCall('exec_command', { cmd, yield_time_ms: 250 }, 'c0'))
        : respond(message('it runs')),
    );
    await using owner = await frozenOwner({ dieAfter: '"it runs"' });
    await using live = await takeOver(owner.id);
    expect(await live.next('turn.completed')).toMatchObject({ status: 'completed', lastAgentMessage: 'it runs' });
    expect(await live.say('again')).toMatchObject({ status: 'completed' });
    expect(logged()).toBe('begun\n');
    thread.repo.write({ go: '' });
    await expect.poll(logged).toBe('begun\nended\n');
  });

  test('is busy without that', async () => {
    await thread.serve(oneByOne());
    await using owner = await frozenOwner({ dieAfter: '"role":"user"' });
    await expect(thread.reopen({ options: { origin: { type: 'resume', id: owner.id } } })).rejects.toMatchObject({
      kind: 'threadBusy',
    });
  });
});

describe('a turn that is let go', () => {
  const continueIt = (id: string) =>
    thread.reopen({ options: { origin: { type: 'resume', id }, unfinishedTurn: 'continue' } });

  test('within a command: that ends, and the turn continues behind it', async () => {
    const first = await thread.open(oneByOne(`echo begun > begun; ${UNTIL_LET}; echo one >> log`, 'echo two >> log'));
    first.session.submit(says('go'));
    await expect.poll(() => existsSync(join(thread.repo.path, 'begun'))).toBe(true);
    const released = first.session.release(60_000);
    thread.repo.write({ go: '' });
    await released;
    expect(first.events.some(({ type }) => type === 'turn.completed')).toBe(false);
    expect(logged()).toBe('one\n');
    await using next = await continueIt(first.session.threadId);
    expect(await next.next('turn.completed')).toMatchObject({ status: 'completed', lastAgentMessage: 'done' });
    expect(logged()).toBe('one\ntwo\n');
    expect(thread.server.requests.at(-1)?.outputOf('c0')).toMatch(/^Exit code: 0/);
  });

  test('with a question open: the same question is asked again, at once', async () => {
    const first = await thread.open(oneByOne('echo one >> log'), { overrides: ['approval_policy="untrusted"'] });
    first.session.submit(says('go'));
    const asked = await first.next('approval.requested');
    const before = performance.now();
    await first.session.release(60_000);
    expect(performance.now() - before).toBeLessThan(15_000);
    await using next = await thread.reopen({
      overrides: ['approval_policy="untrusted"'],
      options: { origin: { type: 'resume', id: first.session.threadId }, unfinishedTurn: 'continue' },
    });
    const again = await next.next('approval.requested');
    expect(again.request.questionId).toBe(asked.request.questionId);
    next.answer('c0', { type: 'approved' });
    expect(await next.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(logged()).toBe('one\n');
  });

  test('within a command that takes too long: it is cut off, its outcome unknown, and it is not repeated', async () => {
    const first = await thread.open(oneByOne('echo one >> log; sleep 300', 'echo two >> log'));
    first.session.submit(says('go'));
    await expect.poll(logged).toBe('one\n');
    await first.session.release(50);
    await using next = await continueIt(first.session.threadId);
    expect(await next.next('turn.completed')).toMatchObject({ status: 'completed' });
    expect(logged()).toBe('one\ntwo\n');
    expect(thread.server.requests.at(-1)?.outputOf('c0')).toMatch(/^unknown outcome/);
  });

  test('while a response comes: it is cut off there, what ran is not repeated, and the turn continues', async () => {
    const first = await thread.open((_request, index) => {
      if (index === 0) return respond(functionCall('shell', { command: ['bash', '-c', 'echo one >> log'] }, 'c0'));
      return index === 1 ? respond(message('half of an ans'), hang()) : respond(message('done'));
    });
    first.session.submit(says('go'));
    await first.next('item.completed', ({ item }) => item.type === 'agentMessage');
    await first.session.release(100);
    expect(first.events.some(({ type }) => type === 'turn.completed')).toBe(false);
    await using next = await continueIt(first.session.threadId);
    expect(await next.next('turn.completed')).toMatchObject({ status: 'completed', lastAgentMessage: 'done' });
    expect(logged()).toBe('one\n');
    expect(thread.server.requests.at(-1)?.outputOf('c0')).toMatch(/^Exit code: 0/);
  });

  describe('from where the model could ask the user to where nobody is', () => {
    const words = (index: number) => {
      const { tools, instructions } = thread.server.requests[index]?.body ?? {};
      return JSON.stringify({ tools, instructions });
    };

    async function letGo({ hanging = 1, overrides = [] as readonly string[] } = {}): Promise<string> {
      const script = (_: RecordedRequest, at: number) => respond(message('half'), at < hanging ? hang() : usage({}));
      const first = await thread.open(script, { overrides, options: { answersQuestions: true } });
      first.session.submit(says('go'));
      await first.next('item.completed', ({ item }) => item.type === 'agentMessage');
      await first.session.release(50);
      expect(words(0)).toContain('request_user_input');
      return first.session.threadId;
    }

    test('its further requests offer the same tools, with the same instructions', async () => {
      const id = await letGo();
      const options = { origin: { type: 'resume', id }, unfinishedTurn: 'continue', canAsk: false } as const;
      await using next = await thread.reopen({ overrides: ['sandbox_mode="read-only"'], options });
      await next.next('turn.completed');
      expect(words(1)).toBe(words(0));
      await next.say('more');
      expect(words(2)).not.toContain('request_user_input');
    });

    test('another model is offered what fits it and where it is', async () => {
      const id = await letGo();
      const options = { origin: { type: 'resume', id }, unfinishedTurn: 'continue', canAsk: false } as const;
      await using next = await thread.reopen({ overrides: ['model="gpt-5"'], options });
      await next.next('turn.completed');
      expect(words(1)).not.toContain('request_user_input');
    });

    test.each([
      ['another model is offered the same again', ['model="gpt-5"'], 1],
      ['the first model is offered what it was at first, also behind another one', [], 0],
    ])('a second move: %s', async (_, overrides, sameAs) => {
      const id = await letGo({ hanging: 2 });
      const options = { origin: { type: 'resume', id }, unfinishedTurn: 'continue', canAsk: false } as const;
      const second = await thread.reopen({ overrides: ['model="gpt-5"'], options });
      await thread.server.request(1);
      await second.session.release(50);
      expect(words(1)).not.toContain('request_user_input');
      await using next = await thread.reopen({ overrides, options });
      await next.next('turn.completed');
      expect(words(2)).toBe(words(sameAs));
    });

    test('what the settings forbid by now is not offered, of which the provider would run its search by itself', async () => {
      const id = await letGo({ overrides: ['web_search="live"'] });
      for (const name of ['"web_search"', '"update_plan"']) expect(words(0)).toContain(name);
      const options = { origin: { type: 'resume', id }, unfinishedTurn: 'continue', canAsk: false } as const;
      await using next = await thread.reopen({ overrides: ['tools.disallowed=["update_plan"]'], options });
      await next.next('turn.completed');
      expect(words(1)).not.toContain('"web_search"');
      expect(words(1)).not.toContain('"update_plan"');
      expect(words(1)).toContain('request_user_input');
    });
  });

  test('where no turn runs is a close', async () => {
    const first = await thread.open(oneByOne());
    await first.say('hi');
    await first.session.release(1_000);
    await using next = await continueIt(first.session.threadId);
    expect(await next.say('more')).toMatchObject({ status: 'completed' });
  });
});
