import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { threadBytes } from '../../../bench/thread-bytes.ts';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';
import { HttpTransport, ResponseSocket } from '../../../src/models/client/index.ts';
import type { ModelEvent } from '../../../src/models/prompt/index.ts';
import {
  cut,
  delay,
  failed,
  functionCall,
  httpError,
  type ModelServerOptions,
  message,
  reasoning,
  reset,
  respond,
  type Script,
  startModelServer,
  usage,
} from '../../../src/testing/index.ts';
import { testSession } from '../../support/session.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { clientOf, collect, failureOf, NEVER, promptOf, providerAt, userMessage } from '../support.ts';

async function socketClient(script: Script, options: ModelServerOptions = {}) {
  const server = await startModelServer(script, options);
  onTestFinished(() => server.close());
  const transport = new HttpTransport({ env: {} });
  const socket = new ResponseSocket(transport);
  const client = clientOf(providerAt(server.url, { streamIdleTimeoutMs: 5_000 }), { transport, socket });
  return { server, client, ways: () => server.requests.map((request) => request.transport) };
}

const itemsOf = (events: readonly ModelEvent[]): ResponseItem[] =>
  events.flatMap((event) => (event.type === 'itemDone' ? [event.item] : []));
const output = (call_id: string): ResponseItem => ({ type: 'function_call_output', call_id, output: 'done' });
const call = (id: string) => functionCall('shell', {}, id);

describe('a response over a WebSocket', () => {
  test('has the events of the same response over HTTP', async () => {
    const script = [respond(reasoning(['Hm.']), message('Hello.'), call('c1'), usage({ input: 5, output: 2 }))];
    const { client, ways } = await socketClient(script);
    const plain = await startModelServer(script);
    onTestFinished(() => plain.close());

    expect(await collect(client)).toEqual(await collect(clientOf(providerAt(plain.url))));
    expect(ways()).toEqual(['websocket']);
  });

  test('continues the one before: only new items are sent, over one connection', async () => {
    const { server, client } = await socketClient([
      respond(reasoning(['Hm.']), message('I look.'), call('c1')),
      respond(message('It is done.')),
      respond(message('Nothing else.')),
    ]);
    const first = [userMessage('hello')];
    const second = [...first, ...itemsOf(await collect(client, promptOf({ input: first }))), output('c1')];
    const third = [...second, ...itemsOf(await collect(client, promptOf({ input: second }))), userMessage('and?')];
    await collect(client, promptOf({ input: third }));

    expect(server.requests.map(({ body }) => [body['previous_response_id'], body['input']])).toEqual([
      [undefined, [expect.objectContaining({ role: 'user' })]],
      ['resp_0', [expect.objectContaining({ call_id: 'c1', output: 'done' })]],
      ['resp_1', [expect.objectContaining({ role: 'user' })]],
    ]);
    expect(server.requests[2]?.input).toHaveLength(7);
    expect(server.requests[0]?.body).toMatchObject({ type: 'response.create', store: false, stream: true });
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer test-key-123',
      'openai-beta': 'responses_websockets=2026-02-06',
      upgrade: 'websocket',
    });
  });

  test('continues it also where the thoughts of an earlier turn are not sent any more', async () => {
    const { server, client } = await socketClient([
      respond(reasoning(['Hm.']), message('Yes.')),
      respond(message('No.')),
    ]);
    const first = [userMessage('hello')];
    const answer = itemsOf(await collect(client, promptOf({ input: first })));
    const kept = answer.filter(({ type }) => type !== 'reasoning');
    await collect(client, promptOf({ input: [...first, ...kept, userMessage('and?')] }));

    expect(server.requests[1]?.body['previous_response_id']).toBe('resp_0');
  });

  test.each<[string, (items: readonly ResponseItem[]) => Partial<Parameters<typeof promptOf>[0]>]>([
    ['other instructions', (items) => ({ input: [...items, userMessage('b')], instructions: 'Others.' })],
    ['another tool choice', (items) => ({ input: [...items, userMessage('b')], toolChoice: 'none' })],
    ['an item less', (items) => ({ input: [...items.slice(1), userMessage('b')] })],
    ['a changed item', (items) => ({ input: [userMessage('a!'), ...items.slice(1), userMessage('b')] })],
    ['nothing new', (items) => ({ input: items })],
  ])('with %s is a request of its own', async (_, change) => {
    const { server, client } = await socketClient([respond(message('one')), respond(message('two'))]);
    const first = [userMessage('a')];
    const known = [...first, ...itemsOf(await collect(client, promptOf({ input: first })))];
    await collect(client, promptOf(change(known)));

    expect(server.requests[1]?.body).not.toHaveProperty('previous_response_id');
    expect(server.requests[1]?.transport).toBe('websocket');
  });
});

describe('where it can’t be used', () => {
  test('a server without WebSockets is asked over HTTP within the attempt, and from then on', async () => {
    const { client, ways } = await socketClient([respond(message('a')), respond(message('b'))], {
      webSockets: 'refused',
    });
    await collect(client);
    await collect(client);

    expect(ways()).toEqual(['http', 'http']);
  });

  test('a connection that ends without a word is replaced by HTTP within the attempt', async () => {
    const { client, ways } = await socketClient([[{ type: 'silence', by: 'reset' }], respond(message('a'))]);
    expect((await collect(client)).at(-1)?.type).toBe('completed');
    expect(ways()).toEqual(['websocket', 'http']);
  });

  test('a response that the server has lost is asked for in whole, within the attempt', async () => {
    const lost = httpError(400, { error: { code: 'previous_response_not_found', message: 'gone' } });
    const { server, client, ways } = await socketClient([respond(message('a')), lost, respond(message('b'))]);
    const first = [userMessage('a')];
    const known = [...first, ...itemsOf(await collect(client, promptOf({ input: first })))];
    const events = await collect(client, promptOf({ input: [...known, userMessage('b')] }));

    expect(events.at(-1)?.type).toBe('completed');
    expect(ways()).toEqual(['websocket', 'websocket', 'websocket']);
    expect(server.requests[2]?.body['input']).toHaveLength(3);
  });

  test('a connection that was lost between two responses is opened again, and all is sent', async () => {
    const { server, client, ways } = await socketClient([respond(message('a'), cut()), respond(message('b'))]);
    await failureOf(collect(client));
    await collect(client);

    expect(ways()).toEqual(['websocket', 'websocket']);
    expect(server.requests[1]?.body).not.toHaveProperty('previous_response_id');
  });

  test('two responses at once have a connection each', async () => {
    const gate = Promise.withResolvers<void>();
    const { client, ways } = await socketClient([
      respond(message('slow', { deltas: ['s', { type: 'hold', gate: gate.promise }, 'low'] })),
      respond(message('quick')),
    ]);
    const slow = collect(client);
    while (ways().length === 0) await sleep(5);
    await collect(client);
    gate.resolve();
    await slow;

    expect(ways()).toEqual(['websocket', 'http']);
  });
});

describe('failures', () => {
  test.each([
    [
      'an error with a status',
      httpError(429, { error: { code: 'rate_limit_exceeded', message: 'slow down' } }),
      'serverOverloaded',
      'request',
    ],
    ['a request that is refused', httpError(400, { error: { message: 'no such tool' } }), 'badRequest', 'request'],
    ['a failed response', respond(failed({ code: 'server_error', message: 'oops' })), undefined, 'stream'],
    [
      'a lost connection',
      respond(message('Half', { unfinished: true }), reset()),
      'responseStreamDisconnected',
      'stream',
    ],
  ])('%s is the failure that it is over HTTP', async (_, response, kind, phase) => {
    const { client } = await socketClient([response]);
    const error = await failureOf(collect(client));
    const plain = await startModelServer([response]);
    onTestFinished(() => plain.close());
    const other = await failureOf(collect(clientOf(providerAt(plain.url))));

    expect([error.kind, error.phase, error.retryable]).toEqual([other.kind, other.phase, other.retryable]);
    if (kind !== undefined) expect([error.kind, error.phase]).toEqual([kind, phase]);
  });

  test('an interrupt closes the connection at once', async () => {
    const { server, client } = await socketClient([respond(message('x', { deltas: ['x', delay(60_000)] }))]);
    const interrupt = new AbortController();
    const asked = collect(client, promptOf(), interrupt.signal);
    const request = await server.request(0);
    interrupt.abort();

    await expect(asked).rejects.toMatchObject({ kind: 'interrupted' });
    await request.closed;
    expect(request.closedEarly).toBe(true);
  });

  test('model 17: silence ends the attempt as idle', async () => {
    const server = await startModelServer([[{ type: 'silence', by: 'hanging' }]]);
    onTestFinished(() => server.close());
    const transport = new HttpTransport({ env: {} });
    const provider = providerAt(server.url, { streamIdleTimeoutMs: 150 });
    const client = clientOf(provider, { transport, socket: new ResponseSocket(transport) });

    expect((await failureOf(collect(client, promptOf(), NEVER))).message).toContain('idle timeout');
  });
});

describe('a thread', () => {
  const overrides = (url: string) => [
    'model_provider="ws"',
    'model_providers.ws.name="WS"',
    `model_providers.ws.base_url="${url}"`,
    'model_providers.ws.supports_websockets=true',
    'model_providers.ws.stream_max_retries=2',
  ];

  test('of 100 steps sends what is new with each, not the thread', async () => {
    using dir = tempDir();
    const steps = 100;
    await using server = await startModelServer((_, index) =>
      index < steps ? respond(functionCall('update_plan', { plan: [] }, `c${index}`)) : respond(message('done')),
    );
    const all = [...overrides(server.url), 'budget.turns=200'];
    await using thread = await testSession({ url: server.url, home: dir.path, cwd: dir.path, overrides: all });
    await thread.say('go');

    const { requests } = server;
    expect(requests).toHaveLength(steps + 1);
    expect(new Set(requests.map(({ transport }) => transport))).toEqual(new Set(['websocket']));
    const items = requests.map(({ body }) => (Array.isArray(body['input']) ? body['input'].length : 0));
    expect(Math.max(...items.slice(1))).toBe(1);
    // The frame of a request (instructions and tools) is sent with each; its input does not grow.
    const bytes = requests.map(({ text }) => text.length);
    expect((bytes.at(-1) ?? 0) - (bytes[1] ?? 0)).toBeLessThan(200);
    expect(requests.at(-1)?.input.length).toBeGreaterThan(2 * steps);
  });

  test('model 25: a lost connection is retried over a new one, and no completed call is made again', async () => {
    using dir = tempDir();
    await using server = await startModelServer([
      respond(functionCall('update_plan', { plan: [] }, 'c1'), message('Half', { unfinished: true }), reset()),
      respond(message('done')),
    ]);
    await using thread = await testSession({
      url: server.url,
      home: dir.path,
      cwd: dir.path,
      overrides: overrides(server.url),
    });
    await thread.say('go');

    expect(server.requests.map(({ transport }) => transport)).toEqual(['websocket', 'websocket']);
    expect(server.requests[1]?.outputOf('c1')).toBeDefined();
    expect(server.requests[1]?.body).not.toHaveProperty('previous_response_id');
  });
});

test('the bytes of a thread’s steps grow with what is new in it, by HTTP with the thread', async () => {
  const growth = async (way: 'http' | 'websocket') => (await threadBytes(60, way)) / (await threadBytes(20, way));
  expect(await growth('websocket')).toBeLessThan(3.2);
  expect(await growth('http')).toBeGreaterThan(5);
});
