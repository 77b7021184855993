import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hold, type ModelServer, message, respond, type Script, startModelServer } from '../../../src/testing/index.ts';
import type { Params } from '../../support/app-server/client.ts';
import { StdioServer } from '../../support/app-server/run.ts';
import { freshPlaces } from '../../support/fresh-places.ts';
import { processesWith } from '../../support/keel.ts';

const slow = { timeout: 60_000 };
const { home, repo } = freshPlaces();
let model: ModelServer;
let server: StdioServer;
beforeEach(() => {
  expect.hasAssertions();
});
afterEach(async () => {
  await server.close();
  await model.close();
});

async function startThread(script: Script): Promise<string> {
  model = await startModelServer(script);
  server = new StdioServer({ home: home.path, cwd: repo.path, url: model.url });
  await server.initialize();
  const { thread } = await server.call('thread/start', { sandbox: 'workspace-write' });
  return idOf(thread);
}

function idOf(value: unknown): string {
  return String(Object(value).id);
}

async function startTurn(threadId: string, text: string): Promise<string> {
  const { turn } = await server.call('turn/start', { threadId, input: [{ type: 'text', text }] });
  return idOf(turn);
}

const says = (text: string) => (params: Params) => {
  const { item } = params;
  return Object(item).type === 'userMessage' && JSON.stringify(item).includes(JSON.stringify(text));
};

/** The turn in which a message of the user's appeared. */
async function turnOf(text: string): Promise<unknown> {
  const { params = {} } = await server.nextMessage(
    ({ method, params: given = {} }) => method === 'item/completed' && says(text)(given),
  );
  return params['turnId'];
}

test('input that arrives while a turn ends is answered with the turn that takes it', slow, async () => {
  const threadId = await startThread(() => respond(message('done')));
  for (let round = 0; round < 10; round += 1) {
    await startTurn(threadId, `first ${round}`);
    await server.next('item/completed', ({ item }) => Object(item).type === 'agentMessage');
    // Sent without looking whether the turn has ended: before, while or after it does.
    const [started, steered] = await Promise.allSettled([
      startTurn(threadId, `second ${round}`),
      server.callUnchecked('turn/steer', {
        threadId,
        input: [{ type: 'text', text: `third ${round}` }],
        expectedTurnId: 'x',
      }),
    ]);
    expect(steered.status).toBe('rejected');
    expect(started).toEqual({ status: 'fulfilled', value: await turnOf(`second ${round}`) });
    await server.next('turn/completed', ({ turn }) => started.status === 'fulfilled' && idOf(turn) === started.value);
  }
  expect(server.faults).toEqual([]);
});

test(
  'input for a turn that has nothing left but a command of the user starts the next turn, also by turn/steer',
  slow,
  async () => {
    const answered = Promise.withResolvers<void>();
    const threadId = await startThread([
      respond(message('one', { deltas: ['o', hold(answered.promise), 'ne'] })),
      respond(message('two')),
    ]);
    const gate = join(repo.path, 'gate');
    const first = await startTurn(threadId, 'go');
    await server.call('thread/shellCommand', { threadId, command: `while [ ! -e ${gate} ]; do sleep 0.05; done` });
    await server.next('item/started', ({ item }) => Object(item).type === 'commandExecution');
    answered.resolve();
    await server.next('item/completed', ({ item }) => Object(item).type === 'agentMessage');
    const steered = server.call('turn/steer', {
      threadId,
      input: [{ type: 'text', text: 'more' }],
      expectedTurnId: first,
    });
    writeFileSync(gate, '');
    const { turnId } = await steered;
    expect(turnId).toBe(await turnOf('more'));
    await server.next('turn/completed', ({ turn }) => idOf(turn) === turnId);
  },
);

test('input that an interrupt drops is answered with that', slow, async () => {
  const gate = Promise.withResolvers<void>();
  const threadId = await startThread([respond(message('Working.', { deltas: ['Work', hold(gate.promise), 'ing.'] }))]);
  const turnId = await startTurn(threadId, 'go');
  await server.next('item/agentMessage/delta');
  expect(await startTurn(threadId, 'and this')).toBe(turnId);
  await server.call('turn/interrupt', { threadId, turnId });
  expect(await server.next('warning')).toMatchObject({ message: expect.stringContaining('Not carried out') });
  gate.resolve();
});

test(
  'while a turn runs, a revert is refused, a fork is a thread of its own, and an archive ends the turn',
  slow,
  async () => {
    const gate = Promise.withResolvers<void>();
    const threadId = await startThread([
      respond(message('First.')),
      respond(message('Working.', { deltas: ['Work', hold(gate.promise), 'ing.'] })),
      respond(message('In the fork.')),
    ]);
    const first = await startTurn(threadId, 'first');
    await server.next('turn/completed');
    const running = await startTurn(threadId, 'second');
    await server.next('item/agentMessage/delta');

    await expect(server.call('thread/revert', { threadId, beforeTurnId: first })).rejects.toThrow('a turn is running');
    const { thread: forked } = await server.call('thread/fork', { threadId });
    expect(forked).toMatchObject({
      forkedFromId: threadId,
      turns: [{ status: 'completed' }, { status: 'interrupted' }],
    });
    await startTurn(idOf(forked), 'in the fork');
    await server.next('turn/completed', ({ threadId: id }) => id === idOf(forked));
    const { thread: still } = await server.call('thread/read', { threadId, includeTurns: true });
    expect(still).toMatchObject({ turns: [{ id: first }, { id: running, status: 'inProgress' }] });

    await server.call('thread/archive', { threadId });
    expect(await server.next('turn/completed')).toMatchObject({
      threadId,
      turn: { id: running, status: 'interrupted' },
    });
    gate.resolve();
    await server.next('thread/archived');
    const { data } = await server.call('thread/list', { archived: true });
    expect(data).toMatchObject([{ id: threadId }]);
    await expect(startTurn(threadId, 'more')).rejects.toThrow();
    expect(await server.close()).toBe(0);
    expect(processesWith(home.path)).toEqual([]);
    expect(server.faults).toEqual([]);
  },
);
