import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Op, SessionEvent } from 'keel/protocol';
import { functionCall, message, type RecordedRequest, respond, startModelServer, usage } from 'keel/testing';
import { describe, expect, test } from 'vitest';
import { FleetThread } from '../../../../src/engine/fleet/index.ts';
import { startWorkedFleet } from '../support/worked-fleet.ts';

type Fleet = Awaited<ReturnType<typeof startWorkedFleet>>;

const SETTINGS = {
  cwd: '/',
  approvalPolicy: 'on-request',
  sandboxPolicy: { mode: 'read-only' },
  model: 'm',
  effort: null,
  summary: 'auto',
} as const;
const says = (text: string): Op => ({ type: 'userInput', items: [{ type: 'text', text }] });

/** Runs the commands one a response, then ends with what the user said last. */
function oneByOne(...scripts: readonly string[]) {
  return (request: RecordedRequest) => {
    const done = request.input.filter((item) => item['type'] === 'function_call_output').length;
    const script = scripts[done];
    const used = usage({ input: 10, output: 5 });
    if (script !== undefined) {
      return respond(functionCall('shell', { command: ['bash', '-c', script] }, `c${done}`), used);
    }
    return respond(message(`heard: ${request.textsOf('user').at(-1)}`), used);
  };
}

/** The thread as a client sees it, with all its events so far. */
async function opened({ url, token }: Fleet, threadId: string) {
  const thread = await FleetThread.open({ url, token, threadId }, SETTINGS, new AbortController().signal);
  const events: SessionEvent[] = [];
  let wake = Promise.withResolvers<void>();
  const following = (async () => {
    for await (const event of thread.events()) {
      events.push(event);
      wake.resolve();
      wake = Promise.withResolvers();
    }
  })();
  async function next<T extends SessionEvent['type']>(type: T, nth = 1) {
    for (;;) {
      const found = events.filter((event) => event.type === type)[nth - 1];
      if (found !== undefined) return found as Extract<SessionEvent, { type: T }>;
      await wake.promise;
    }
  }
  return {
    thread,
    events,
    next,
    texts: () =>
      events.flatMap((event) =>
        event.type === 'item.completed' && event.item.type === 'agentMessage' ? [event.item.text] : [],
      ),
    commands: () =>
      events.flatMap((event) =>
        event.type === 'item.completed' && event.item.type === 'commandExecution' ? [event.item.id] : [],
      ),
    async [Symbol.asyncDispose]() {
      await thread.close();
      await following;
    },
  };
}

const logOf = ({ data }: Fleet, id: string) => {
  const path = join(data, 'threads', id, 'work', 'log');
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
};

describe('a thread of a fleet, opened from elsewhere', () => {
  test('shows a turn as it runs, takes a message meanwhile, and the next turn', async () => {
    await using server = await startModelServer(oneByOne('echo one >> log; until [ -e enough ]; do sleep 0.05; done'));
    await using fleet = await startWorkedFleet(server.url, ['approval_policy="never"']);
    const id = randomUUID();
    await fleet.submit(id, 'go');
    await using client = await opened(fleet, id);
    await client.next('turn.started');
    await expect.poll(() => logOf(fleet, id)).toBe('one\n');
    client.thread.submit(says('and this'));
    await expect.poll(() => fleet.engine.threads.get(id)?.current?.inputs.length).toBe(1);
    writeFileSync(join(fleet.data, 'threads', id, 'work', 'enough'), '');
    expect(await client.next('turn.completed')).toMatchObject({ status: 'completed' });
    await expect.poll(() => client.texts()).toEqual(['heard: and this']);
    expect(client.commands()).toHaveLength(1);
  });

  test('asks, and takes the answer', async () => {
    await using server = await startModelServer(oneByOne('echo one >> log'));
    await using fleet = await startWorkedFleet(server.url, ['approval_policy="untrusted"']);
    const id = randomUUID();
    await fleet.submit(id, 'go');
    await using client = await opened(fleet, id);
    const { request } = await client.next('approval.requested');
    expect(logOf(fleet, id)).toBe('');
    client.thread.submit({ type: 'approval', questionId: request.questionId, decision: { type: 'approved' } });
    await client.next('turn.completed');
    expect(logOf(fleet, id)).toBe('one\n');
  });

  test('is interrupted', async () => {
    await using server = await startModelServer(oneByOne('echo one >> log; sleep 300'));
    await using fleet = await startWorkedFleet(server.url, ['approval_policy="never"']);
    const id = randomUUID();
    await fleet.submit(id, 'go');
    await using client = await opened(fleet, id);
    await expect.poll(() => logOf(fleet, id)).toBe('one\n');
    client.thread.submit({ type: 'interrupt' });
    expect(await client.next('turn.completed')).toMatchObject({ status: 'interrupted' });
  });

  test('that moves to another worker shows each item once, and its question once', async () => {
    await using server = await startModelServer(oneByOne('echo one >> log', 'echo two >> log'));
    await using fleet = await startWorkedFleet(server.url, ['approval_policy="untrusted"']);
    const id = randomUUID();
    await fleet.submit(id, 'go');
    await using client = await opened(fleet, id);
    const first = await client.next('approval.requested');
    const yes = { type: 'approved' } as const;
    client.thread.submit({ type: 'approval', questionId: first.request.questionId, decision: yes });
    const second = await client.next('approval.requested', 2);
    await fleet.move(id);
    client.thread.submit({ type: 'approval', questionId: second.request.questionId, decision: yes });
    expect(await client.next('turn.completed')).toMatchObject({ status: 'completed' });
    await expect.poll(() => client.texts()).toEqual(['heard: go']);
    expect(client.commands()).toHaveLength(2);
    expect(client.events.filter(({ type }) => type === 'approval.requested')).toHaveLength(2);
    expect(client.events.filter(({ type }) => type === 'turn.started')).toHaveLength(1);
    expect(logOf(fleet, id)).toBe('one\ntwo\n');
  });

  test('that waits for a person without a worker shows its question, also to a client that comes later', async () => {
    await using server = await startModelServer(oneByOne('echo one >> log'));
    await using fleet = await startWorkedFleet(server.url, ['approval_policy="untrusted"']);
    const id = randomUUID();
    await fleet.submit(id, 'go');
    await using first = await opened(fleet, id);
    const { request } = await first.next('approval.requested');
    await fleet.park(id, 'run echo one', request.questionId);
    await using later = await opened(fleet, id);
    const asked = await later.next('approval.requested');
    expect(asked.request).toMatchObject({ questionId: request.questionId, command: ['run echo one'] });
    expect(first.events.filter(({ type }) => type === 'approval.requested')).toHaveLength(1);
  });

  test('that has ended is shown from its record', async () => {
    await using server = await startModelServer(oneByOne('echo one >> log'));
    await using fleet = await startWorkedFleet(server.url, ['approval_policy="never"']);
    const id = randomUUID();
    await fleet.submit(id, 'go');
    await expect.poll(() => fleet.engine.threads.get(id)?.ended.length).toBe(1);
    await using client = await opened(fleet, id);
    const { turns } = await client.next('thread.started');
    expect(turns).toMatchObject([{ status: 'completed' }]);
    expect(turns[0]?.items.map(({ type }) => type)).toContain('commandExecution');
  });

  test('refuses what only a thread of this machine can do, and says so', async () => {
    await using server = await startModelServer(oneByOne());
    await using fleet = await startWorkedFleet(server.url);
    const id = randomUUID();
    await fleet.submit(id, 'go');
    await using client = await opened(fleet, id);
    client.thread.submit({ type: 'userShell', command: 'id' });
    expect(await client.next('error')).toMatchObject({ error: { kind: 'invalidInput' } });
    expect(() => client.thread.report('commands')).toThrow(expect.objectContaining({ kind: 'invalidInput' }));
  });

  test.each([
    ['another one', { threadId: randomUUID() }, 'threadNotFound'],
    ['a wrong token', { token: 'wrong' }, 'unauthorized'],
    ['an address where nobody is', { url: 'http://127.0.0.1:9' }, 'httpConnectionFailed'],
  ])('is not opened with %s', async (_, more, kind) => {
    await using fleet = await startWorkedFleet('http://127.0.0.1:9');
    const { url, token } = fleet;
    const address = { url, token, threadId: randomUUID(), ...more };
    await expect(FleetThread.open(address, SETTINGS, new AbortController().signal)).rejects.toMatchObject({ kind });
  });
});
