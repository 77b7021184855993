import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  functionCall,
  hold,
  httpError,
  type ModelServer,
  message,
  reasoning,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { type Message, type Params, RpcError } from '../../support/app-server/client.ts';
import { StdioServer } from '../../support/app-server/run.ts';
import { keelBin, processesWith, rolloutsIn } from '../../support/keel.ts';
import { asksUser } from '../../support/questions.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
let model: ModelServer;

beforeEach(() => {
  home = keelHome();
  repo = gitRepository({ 'notes.txt': 'one\n' });
});
afterEach(async () => {
  await model.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

/** A server with a client that has introduced itself. */
async function connect(script: Script, capabilities: Params = {}): Promise<StdioServer> {
  model = await startModelServer(script);
  const server = new StdioServer({ home: home.path, cwd: repo.path, url: model.url });
  await server.initialize(capabilities);
  return server;
}

async function startThread(server: StdioServer, params: Params = {}): Promise<string> {
  const { thread } = await server.call('thread/start', { sandbox: 'workspace-write', ...params });
  return idOf(thread);
}

async function startTurn(server: StdioServer, threadId: string, text = 'go'): Promise<string> {
  const { turn } = await server.call('turn/start', { threadId, input: [{ type: 'text', text }] });
  return idOf(turn);
}

async function runTurn(server: StdioServer, threadId: string, text = 'go'): Promise<Params> {
  await startTurn(server, threadId, text);
  return await server.next('turn/completed');
}

function idOf(value: unknown): string {
  return String(partOf(value, 'id'));
}

/** A part of a message, by its place in it. */
function partOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((at, key) => Object.entries(Object(at)).find(([name]) => name === key)?.[1], value);
}

const run = (cmd: string, id: string) => functionCall('exec_command', { cmd }, id);
const asks = { approvalPolicy: 'untrusted' };

/** Items by their ids: which notifications came for each, in order. */
function storyOf(received: readonly Message[]): Record<string, string[]> {
  const story: Record<string, string[]> = {};
  for (const { method = '', params } of received) {
    const id = partOf(params, 'item', 'id') ?? partOf(params, 'itemId');
    if (method.startsWith('item/') && id !== undefined) {
      const name = String(id);
      story[name] = [...(story[name] ?? []), method];
    }
  }
  return story;
}

describe('keel app-server', () => {
  test('protocol 29: a request before initialize fails, a second initialize too, garbage ends nothing, and the end of input does', async () => {
    model = await startModelServer([]);
    const server = new StdioServer({ home: home.path, cwd: repo.path, url: model.url });
    await expect(server.call('thread/loaded/list')).rejects.toThrow('Not initialized');
    expect(await server.initialize()).toMatchObject({
      platformFamily: 'unix',
      userAgent: expect.stringMatching(/\(test; 1\)$/),
    });
    await expect(server.initialize()).rejects.toThrow('Already initialized');
    server.raw('{"method":');
    server.raw('[1]');
    server.raw('{"id":1.5,"method":"x"}');
    server.raw('{"jsonrpc":"2.0","method":"initialized"}');
    server.raw('{"jsonrpc":"2.0","id":"a","method":"constructor"}');
    const answer = await server.nextMessage(({ id }) => id === 'a');
    expect(answer.error).toMatchObject({ code: -32601, data: { method: 'constructor' } });
    const errors = server.received.flatMap(({ id, error }) => (id === null && error ? error.code : []));
    expect(errors).toEqual([-32700, -32600, -32600]);
    expect(await server.close()).toBe(0);
    expect(server.faults).toEqual([]);
    expect(server.keel.stderr()).toBe('');
    for (const line of server.keel.stdout().trimEnd().split('\n')) expect(line).not.toContain('jsonrpc');
  });

  test('a granular policy: what is of a kind that is off is refused without a question, until a turn says otherwise', async () => {
    const outside = (id: string) => {
      const args = { cmd: 'echo out', with_escalated_permissions: true, justification: 'needed' };
      return respond(functionCall('exec_command', args, id));
    };
    await using server = await connect([outside('c1'), respond(message('no')), outside('c2'), respond(message('yes'))]);
    server.answer = () => ({ decision: 'accept' });
    const granular = { sandbox_approval: false, rules: true, mcp_elicitations: true };
    const { thread, approvalPolicy } = await server.call('thread/start', {
      ...{ sandbox: 'workspace-write', approvalPolicy: { granular } },
    });
    expect(approvalPolicy).toMatchObject({ granular });
    const threadId = idOf(thread);
    await runTurn(server, threadId);
    expect(String(model.requests[1]?.outputOf('c1'))).toContain('rejected by user');
    expect(server.methods.filter((method) => method.includes('requestApproval'))).toEqual([]);
    const all = { granular: { ...granular, sandbox_approval: true } };
    const input = [{ type: 'text', text: 'again' }];
    await server.call('turn/start', { threadId, input, approvalPolicy: all });
    await server.next('turn/completed');
    expect(String(model.requests[3]?.outputOf('c2'))).toContain('out');
    expect(server.methods.filter((method) => method.includes('requestApproval'))).toHaveLength(1);
    expect(server.faults).toEqual([]);
  });

  test('protocol 32: a turn is answered, started, reported item by item, and completed last', async () => {
    await using server = await connect([
      respond(
        reasoning(['I think.']),
        message('Hello there.', { deltas: ['Hello ', 'there.'] }),
        usage({ input: 9, output: 3 }),
      ),
    ]);
    const threadId = await startThread(server);
    const turnId = await startTurn(server, threadId);
    const { turn } = await server.next('turn/completed');
    expect(turn).toMatchObject({ id: turnId, status: 'completed', error: null });
    const at = (method: string) => server.methods.indexOf(method);
    const answered = server.received.findIndex(({ result }) => partOf(result, 'turn') !== undefined);
    expect(answered).toBeLessThan(server.received.findIndex(({ method }) => method === 'turn/started'));
    expect(at('thread/started')).toBeLessThan(at('thread/status/changed'));
    expect(at('thread/status/changed')).toBeLessThan(at('turn/started'));
    for (const [id, story] of Object.entries(storyOf(server.received))) {
      expect([id, story[0], story.at(-1)]).toEqual([id, 'item/started', 'item/completed']);
    }
    const deltas = server.received.filter(({ method }) => method === 'item/agentMessage/delta');
    expect(deltas.map(({ params }) => params?.['delta']).join('')).toBe('Hello there.');
    expect(server.methods).toContain('item/reasoning/summaryTextDelta');
    expect(server.methods).toContain('thread/tokenUsage/updated');
    expect(server.methods.at(-1)).toBe('turn/completed');
    expect(server.faults).toEqual([]);
  });

  test('protocol 36: a client that opts out of a notification gets all others', async () => {
    const script = [respond(message('Hello there.', { deltas: ['Hello ', 'there.'] }))];
    await using server = await connect(script, { optOutNotificationMethods: ['item/agentMessage/delta', 'nope'] });
    await runTurn(server, await startThread(server));
    expect(server.methods).not.toContain('item/agentMessage/delta');
    expect(server.methods).toContain('item/completed');
  });

  test('what the protocol may still change needs the opt-in', async () => {
    await using server = await connect([]);
    const refused = 'requires experimentalApi capability';
    await expect(server.callUnchecked('thread/start', { dynamicTools: [] })).rejects.toThrow(
      `thread/start.dynamicTools ${refused}`,
    );
    const method = 'thread/backgroundTerminals/clean';
    await expect(server.callUnchecked(method, { threadId: 'x' })).rejects.toThrow(`${method} ${refused}`);
  });

  test('protocol 5, 33: two questions at once have an answer each: one command runs, one is declined, and the turn continues', async () => {
    await using server = await connect([
      respond(run('touch yes.txt', 'c1'), run('touch no.txt', 'c2')),
      respond(message('One of two.')),
    ]);
    const open: Message[] = [];
    server.answer = (question) => {
      open.push(question);
      return { decision: partOf(question.params, 'itemId') === 'c1' ? 'accept' : 'decline' };
    };
    const { turn } = await runTurn(server, await startThread(server, asks));
    expect(turn).toMatchObject({ status: 'completed' });
    expect(existsSync(join(repo.path, 'yes.txt'))).toBe(true);
    expect(existsSync(join(repo.path, 'no.txt'))).toBe(false);
    expect(open.map(({ params }) => params?.['command'])).toEqual([
      expect.stringContaining('yes'),
      expect.stringContaining('no'),
    ]);
    const ends = server.received
      .filter(({ method }) => method === 'item/completed')
      .map(({ params }) => params?.['item']);
    expect(ends.map((item) => [partOf(item, 'id'), partOf(item, 'status')])).toEqual(
      expect.arrayContaining([
        ['c1', 'completed'],
        ['c2', 'declined'],
      ]),
    );
    const resolved = server.received.filter(({ method }) => method === 'serverRequest/resolved');
    expect(resolved.map(({ params }) => params?.['requestId'])).toEqual(open.map(({ id }) => id));
    expect(server.faults).toEqual([]);
  });

  test('the model’s questions are a request of the server with its item before it, and the answer reaches the model', async () => {
    await using server = await connect([respond(asksUser()), respond(message('Done.'))]);
    const threadId = await startThread(server);
    await startTurn(server, threadId);
    const question = await server.nextMessage(
      ({ method, id }) => method === 'item/tool/requestUserInput' && id !== undefined,
    );
    expect(server.received.filter(({ method }) => method === 'item/started').at(-1)).toMatchObject({
      params: { item: { type: 'dynamicToolCall', id: 'ask_1', tool: 'request_user_input', status: 'inProgress' } },
    });
    await server.next('thread/status/changed', ({ status }) =>
      JSON.stringify(status).includes('"activeFlags":["waitingOnUserInput"]'),
    );
    server.raw(JSON.stringify({ id: question.id, result: { answers: { colour: { answers: ['Red'] } } } }));
    expect(await server.next('serverRequest/resolved')).toMatchObject({ requestId: question.id });
    expect(await server.next('item/completed', ({ item }) => partOf(item, 'id') === 'ask_1')).toMatchObject({
      item: { status: 'completed', contentItems: [{ text: 'Colour: Red\nSize: no answer' }] },
    });
    expect(await server.next('turn/completed')).toMatchObject({ turn: { status: 'completed' } });
    expect(model.requests[1]?.outputOf('ask_1')).toBe('{"answers":{"colour":{"answers":["Red"]}}}');
    expect(server.faults).toEqual([]);
  });

  test.each([
    ['a result without a decision', { answer: 'yes' }],
    ['a decision that is none', { decision: 'acceptAll' }],
    ['a rule that was not proposed', { decision: { acceptWithExecpolicyAmendment: { execpolicy_amendment: ['rm'] } } }],
  ])('protocol 31: %s is a no', async (_, answer) => {
    await using server = await connect([respond(run('touch x.txt', 'c1')), respond(message('Not done.'))]);
    server.answer = () => answer;
    const { turn } = await runTurn(server, await startThread(server, asks));
    expect(turn).toMatchObject({ status: 'completed' });
    expect(existsSync(join(repo.path, 'x.txt'))).toBe(false);
  });

  test('protocol 33: cancelling a patch declines it and interrupts the turn, and the file stays as it is', async () => {
    const input = '*** Begin Patch\n*** Update File: notes.txt\n@@\n-one\n+two\n*** End Patch\n';
    await using server = await connect([respond(functionCall('apply_patch', { input }, 'p1'))]);
    server.answer = ({ method }) => (method === 'item/fileChange/requestApproval' ? { decision: 'cancel' } : null);
    const { turn } = await runTurn(server, await startThread(server, asks));
    expect(turn).toMatchObject({ status: 'interrupted' });
    const change = server.received.find(({ params }) => partOf(params, 'item', 'type') === 'fileChange');
    expect(partOf(change?.params, 'item', 'changes')).toEqual([
      {
        path: join(repo.path, 'notes.txt'),
        kind: { type: 'update', move_path: null },
        diff: expect.stringContaining('+two'),
      },
    ]);
    const ended = server.received.findLast(({ params }) => partOf(params, 'item', 'id') === 'p1');
    expect([ended?.method, partOf(ended?.params, 'item', 'status')]).toEqual(['item/completed', 'declined']);
    expect(server.faults).toEqual([]);
  });

  test('protocol 34: an interrupt drops an open question and says so; an answer that comes later changes nothing', async () => {
    await using server = await connect([respond(run('touch x.txt', 'c1')), respond(message('Fine.'))]);
    const threadId = await startThread(server, asks);
    const turnId = await startTurn(server, threadId);
    const question = await server.nextMessage(({ method }) => method === 'item/commandExecution/requestApproval');
    await server.call('turn/interrupt', { threadId, turnId });
    await server.next('turn/completed');
    const dropped = server.methods.indexOf('serverRequest/resolved');
    expect(dropped).toBeGreaterThan(0);
    expect(dropped).toBeLessThan(server.methods.indexOf('turn/completed'));
    server.raw(JSON.stringify({ id: question.id, result: { decision: 'accept' } }));
    expect(await runTurn(server, threadId)).toMatchObject({ turn: { status: 'completed' } });
    expect(existsSync(join(repo.path, 'x.txt'))).toBe(false);
    await expect(server.call('turn/interrupt', { threadId, turnId })).rejects.toThrow('no active turn to interrupt');
  });

  test('an interrupt ends a command, and nothing of it is left', async () => {
    await using server = await connect([respond(run('sleep 300', 'c1'))]);
    const threadId = await startThread(server, { approvalPolicy: 'never' });
    const turnId = await startTurn(server, threadId);
    await server.next('item/started', (params) => partOf(params, 'item', 'type') === 'commandExecution');
    await server.call('turn/interrupt', { threadId, turnId });
    expect(await server.next('turn/completed')).toMatchObject({ turn: { status: 'interrupted' } });
    expect(await server.close()).toBe(0);
    expect(processesWith(home.path)).toEqual([]);
  });

  test('steering reaches the turn that runs; a failed turn reports its error before its end', async () => {
    const gate = Promise.withResolvers<void>();
    await using server = await connect([
      respond(message('Working.', { deltas: ['Work', hold(gate.promise), 'ing.'] })),
      httpError(400, 'no such thing'),
    ]);
    const threadId = await startThread(server);
    const turnId = await startTurn(server, threadId);
    await server.next('item/agentMessage/delta');
    const input = [{ type: 'text', text: 'and this' }];
    await expect(server.call('turn/steer', { threadId, input, expectedTurnId: 'x' })).rejects.toThrow(turnId);
    expect(await server.call('turn/steer', { threadId, input, expectedTurnId: turnId })).toEqual({ turnId });
    gate.resolve();
    expect(await server.next('error')).toMatchObject({ turnId, willRetry: false });
    expect(await server.next('turn/completed')).toMatchObject({ turn: { id: turnId, status: 'failed' } });
    expect(JSON.stringify(model.requests[1]?.body)).toContain('and this');
    await expect(server.call('turn/steer', { threadId, input, expectedTurnId: turnId })).rejects.toThrow(
      'no active turn',
    );
    expect(server.faults).toEqual([]);
  });

  test('protocol 35: what a request gets wrong has its code', async () => {
    await using server = await connect([]);
    const threadId = await startThread(server);
    const codeOf = (method: string, params: Params) =>
      server.callUnchecked(method, params).then(
        () => null,
        (error: unknown) => (error instanceof RpcError ? [error.code, error.data] : null),
      );
    const long = [{ type: 'text', text: 'x'.repeat(1_048_577) }];
    const data = { input_error_code: 'input_too_large', max_chars: 1_048_576, actual_chars: 1_048_577 };
    expect(await codeOf('turn/start', { threadId, input: long })).toEqual([-32602, data]);
    const unknown = '01a208f5-5739-79b2-ac44-ec0b50aedec8';
    for (const [method, params] of [
      ['turn/start', { threadId: unknown, input: [{ type: 'text', text: 'x' }] }],
      ['turn/start', { threadId, input: [] }],
      ['turn/start', { threadId, input: [{ type: 'text', text: 'x' }], cwd: '/no/such/place' }],
      ['turn/start', { threadId, input: 'x' }],
      ['thread/read', { threadId: 'no-uuid' }],
      ['thread/resume', { threadId: unknown }],
      ['thread/list', { cursor: 'nonsense' }],
      ['thread/turns/list', { threadId, cursor: 'nonsense' }],
      ['thread/start', { sandbox: 'workspaceWrite' }],
      ['thread/start', { cwd: '/no/such/place' }],
    ] as const) {
      expect([method, params, (await codeOf(method, params))?.[0]]).toEqual([method, params, -32600]);
    }
  });

  test('protocol 30: what the first version of the protocol had is unknown here, by its name', async () => {
    await using server = await connect([]);
    const methods = [
      'newConversation',
      'addConversationListener',
      'sendUserMessage',
      'execOneOffCommand',
      'getUserAgent',
    ];
    for (const method of methods) {
      const answer = server.callUnchecked(method, { conversationId: 'x' });
      await expect(answer).rejects.toMatchObject({ code: -32601, data: { method } });
    }
  });

  test('a thread is listed, named, read, archived, brought back, resumed and forked', async () => {
    const says = (text: string) => respond(message(text));
    await using server = await connect([says('First.'), says('Second.'), says('Third.'), says('Forked.')]);
    const threadId = await startThread(server);
    const { turn: first } = await runTurn(server, threadId, 'one please');
    await runTurn(server, threadId, 'two please');
    await server.call('thread/name/set', { threadId, name: 'My thread' });
    const { data } = await server.call('thread/list', { sourceKinds: ['cli', 'vscode'], searchTerm: 'one' });
    expect(data).toEqual([
      expect.objectContaining({ id: threadId, name: 'My thread', preview: 'one please', turns: [] }),
    ]);
    expect(await server.call('thread/loaded/list')).toEqual({ data: [threadId], nextCursor: null });
    await server.call('thread/archive', { threadId });
    expect(server.methods).toEqual(expect.arrayContaining(['thread/closed', 'thread/archived', 'thread/name/updated']));
    expect(await server.call('thread/list', {})).toMatchObject({ data: [] });
    expect(await server.call('thread/read', { threadId, includeTurns: true })).toMatchObject({
      thread: {
        status: { type: 'notLoaded' },
        turns: [{ items: [{}, { text: 'First.' }] }, { items: [{}, { text: 'Second.' }] }],
      },
    });
    await server.call('thread/unarchive', { threadId });
    const resumed = await server.call('thread/resume', { threadId });
    expect(resumed).toMatchObject({
      thread: { id: threadId, status: { type: 'idle' }, turns: [{}, {}] },
      sandbox: { type: 'workspaceWrite' },
    });
    await runTurn(server, threadId, 'three please');
    const forked = await server.call('thread/fork', { threadId, lastTurnId: idOf(first) });
    expect(forked).toMatchObject({ thread: { forkedFromId: threadId, turns: [{ items: [{}, { text: 'First.' }] }] } });
    await runTurn(server, idOf(forked['thread']), 'now the fork');
    const asked = JSON.stringify(model.requests.at(-1)?.body);
    expect([asked.includes('one please'), asked.includes('two please')]).toEqual([true, false]);
    expect(server.faults).toEqual([]);
  });

  test('turns and items are read page by page, forwards and backwards', async () => {
    const says = (text: string) => respond(message(text));
    await using server = await connect(['a', 'b', 'c'].map(says));
    const threadId = await startThread(server);
    for (const text of ['1', '2', '3']) await runTurn(server, threadId, text);
    const textsOf = (page: Params) =>
      Object.values(Object(page['data'])).map((turn) => partOf(turn, 'items', '1', 'text'));
    const newest = await server.call('thread/turns/list', { threadId, limit: 2 });
    expect(textsOf(newest)).toEqual(['c', 'b']);
    const older = await server.call('thread/turns/list', { threadId, limit: 2, cursor: newest['nextCursor'] });
    expect([textsOf(older), older['nextCursor']]).toEqual([['a'], null]);
    const back = { threadId, cursor: older['backwardsCursor'], sortDirection: 'asc' };
    expect(textsOf(await server.call('thread/turns/list', back))).toEqual(['a', 'b', 'c']);
    const items = await server.call('thread/items/list', { threadId, limit: 4 });
    expect(Object.values(Object(items['data'])).map((entry) => partOf(entry, 'item', 'type'))).toEqual([
      ...['userMessage', 'agentMessage', 'userMessage', 'agentMessage'],
    ]);
    const { itemsBackwardsCursor: cursor } = await server.call('thread/resume', { threadId, excludeTurns: true });
    const last = await server.call('thread/items/list', { threadId, cursor, sortDirection: 'desc', limit: 1 });
    expect(last['data']).toMatchObject([{ item: { text: 'c' } }]);
    expect(server.faults).toEqual([]);
  });

  test('turns are taken back; a compaction is a turn that completes, and so does a review', async () => {
    const verdict = JSON.stringify({
      findings: [],
      overall_correctness: 'patch is correct',
      overall_explanation: 'Good.',
      overall_confidence_score: 1,
    });
    const says = (text: string) => respond(message(text));
    await using server = await connect([says('a'), says('b'), says('A handover.'), says(verdict)]);
    const threadId = await startThread(server);
    await runTurn(server, threadId, 'one');
    const { turn } = await runTurn(server, threadId, 'two');
    await server.call('thread/revert', { threadId, beforeTurnId: idOf(turn) });
    await server.next('thread/reverted');
    expect(await server.call('thread/read', { threadId, includeTurns: true })).toMatchObject({
      thread: { turns: [{ items: [{}, { text: 'a' }] }] },
    });
    await server.call('thread/compact/start', { threadId });
    expect(
      await server.next('item/completed', (params) => partOf(params, 'item', 'type') === 'contextCompaction'),
    ).toBeTruthy();
    expect(await server.next('turn/completed')).toMatchObject({ turn: { status: 'completed' } });
    const target = { type: 'custom', instructions: 'look at the notes' };
    const review = await server.call('review/start', { threadId, target });
    expect(review).toMatchObject({ reviewThreadId: threadId, turn: { status: 'inProgress' } });
    expect(await server.next('turn/completed')).toMatchObject({
      turn: { id: idOf(review['turn']), status: 'completed' },
    });
    const reviewed = server.received.findLast(({ params }) => partOf(params, 'item', 'type') === 'exitedReviewMode');
    expect(partOf(reviewed?.params, 'item', 'review')).toContain('Good.');
    expect(server.faults).toEqual([]);
  });

  test('an ephemeral thread leaves no record, and the last unsubscribe closes a thread', async () => {
    await using server = await connect([respond(message('Hello.'))]);
    const threadId = await startThread(server, { ephemeral: true });
    await runTurn(server, threadId);
    expect(await server.call('thread/unsubscribe', { threadId })).toEqual({ status: 'unsubscribed' });
    await server.next('thread/closed');
    expect(await server.call('thread/unsubscribe', { threadId })).toEqual({ status: 'notLoaded' });
    await expect(server.call('thread/resume', { threadId })).rejects.toThrow('no rollout found');
    expect(existsSync(join(home.path, 'sessions')) ? rolloutsIn(home.path) : []).toEqual([]);
  });
});

test('the example of docs/app-server.md runs', async () => {
  model = await startModelServer([respond(message('It lacks a file.', { deltas: ['It lacks ', 'a file.'] }))]);
  const page = readFileSync(join(import.meta.dirname, '../../../docs/app-server.md'), 'utf8');
  const [, example = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  home.write({ 'example.mjs': example });
  mkdirSync(join(home.path, 'bin'));
  symlinkSync(keelBin, join(home.path, 'bin/keel'));
  const PATH = `${join(home.path, 'bin')}:${dirname(process.execPath)}:${process.env['PATH']}`;
  const env = { PATH, HOME: home.path, KEEL_HOME: home.path, OPENAI_BASE_URL: model.url, OPENAI_API_KEY: 'test' };
  const { stdout } = await promisify(execFile)(process.execPath, [join(home.path, 'example.mjs')], {
    cwd: repo.path,
    env,
  });
  expect(stdout).toBe('It lacks a file.');
});
