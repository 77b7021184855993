import { describe, expect, test } from 'vitest';
import type { ModelEvent } from '../../../src/models/prompt/index.ts';
import { cpuSecondsOf } from '../../support/cpu-time.ts';
import {
  assistantMessage,
  clientOf,
  collect,
  completed,
  created,
  failureOf,
  itemDone,
  type LoopbackServer,
  loopback,
  NEVER,
  promptOf,
  providerAt,
  respond,
  sse,
  streaming,
} from '../support.ts';

const usage = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 40 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};

function eventsOf(server: LoopbackServer): Promise<ModelEvent[]> {
  return collect(clientOf(providerAt(server.baseUrl)));
}

describe('stream decoding', () => {
  test('every event of a response comes out in order', async () => {
    const server = await streaming(
      sse(
        created,
        { type: 'response.output_item.added', item: { type: 'reasoning', id: 'rs_1' } },
        { type: 'response.reasoning_summary_part.added', item_id: 'rs_1', summary_index: 1 },
        { type: 'response.reasoning_summary_text.delta', item_id: 'rs_1', summary_index: 1, delta: 'plan' },
        { type: 'response.reasoning_text.delta', item_id: 'rs_1', content_index: 2, delta: 'raw' },
        itemDone({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'blob' }),
        { type: 'response.output_item.added', item: { type: 'web_search_call', id: 'ws_1' } },
        { type: 'response.output_item.added', item: { type: 'message', id: 'msg_1' } },
        { type: 'response.output_text.delta', item_id: 'msg_1', delta: 'Hi' },
        itemDone({ ...assistantMessage('Hi'), id: 'msg_1' }),
        { type: 'response.completed', response: { id: 'resp_7', usage } },
      ),
    );

    expect(await eventsOf(server)).toEqual([
      { type: 'created' },
      { type: 'itemAdded', itemId: 'rs_1', kind: 'reasoning' },
      { type: 'reasoningSummaryPartAdded', itemId: 'rs_1', index: 1 },
      { type: 'reasoningSummaryDelta', itemId: 'rs_1', index: 1, delta: 'plan' },
      { type: 'reasoningContentDelta', itemId: 'rs_1', index: 2, delta: 'raw' },
      { type: 'itemDone', item: { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'blob' } },
      { type: 'itemAdded', itemId: 'ws_1', kind: 'other' },
      { type: 'webSearchBegin', callId: 'ws_1' },
      { type: 'itemAdded', itemId: 'msg_1', kind: 'message' },
      { type: 'textDelta', itemId: 'msg_1', delta: 'Hi' },
      { type: 'itemDone', item: { ...assistantMessage('Hi'), id: 'msg_1' } },
      {
        type: 'completed',
        responseId: 'resp_7',
        cache: { written: 0 },
        usage: {
          input_tokens: 100,
          cached_input_tokens: 40,
          output_tokens: 20,
          reasoning_output_tokens: 5,
          total_tokens: 120,
        },
      },
    ]);
  });

  test('model 13: two finished items and completed give three events; response.output adds none', async () => {
    const server = await streaming(
      sse(itemDone(assistantMessage('a')), itemDone(assistantMessage('b')), {
        type: 'response.completed',
        response: { id: 'r', output: [assistantMessage('a'), assistantMessage('b')] },
      }),
    );

    expect(await eventsOf(server)).toEqual([
      { type: 'itemDone', item: assistantMessage('a') },
      { type: 'itemDone', item: assistantMessage('b') },
      { type: 'completed', responseId: 'r', usage: null },
    ]);
  });

  test('model 14: unknown types, foreign data and items that cannot be read are passed over', async () => {
    const server = await streaming(
      [
        sse({ type: 'response.something.new', delta: 'x' }, { type: 'ping' }),
        'data: not json\n\ndata: {"no":"type"}\n\ndata: [1]\n\ndata: null\n\n: comment\n\nid: 4\nretry: x\n\n',
        sse(
          itemDone({ type: 'function_call', name: 'shell' }),
          itemDone({ type: 'from_the_future', id: 'x' }),
          itemDone({ type: 'ghost_snapshot', ghost_commit: { id: 'x' } }),
          { type: 'response.output_item.done' },
          completed,
        ),
      ].join(''),
    );

    expect(await eventsOf(server)).toEqual([{ type: 'completed', responseId: 'resp_1', usage: null }]);
  });

  test.each([
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['CR', (text: string) => text.replaceAll('\n', '\r')],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
    ['no closing blank line', (text: string) => text.trimEnd()],
  ])('a stream with %s reads the same', async (_, change) => {
    const server = await streaming(change(sse({ type: 'response.output_text.delta', delta: 'é' }, completed)));

    expect(await eventsOf(server)).toEqual([
      { type: 'textDelta', itemId: null, delta: 'é' },
      { type: 'completed', responseId: 'resp_1', usage: null },
    ]);
  });

  test('a stream cut anywhere, also within a character, reads the same', async () => {
    const bytes = Buffer.from(sse({ type: 'response.output_text.delta', delta: 'héllo 🌍' }, completed));
    const server = await loopback((response) => {
      response.writeHead(200);
      const send = (at: number): void => {
        if (at >= bytes.length) response.end();
        else response.write(bytes.subarray(at, at + 1), () => setImmediate(send, at + 1));
      };
      send(0);
    });

    expect(await eventsOf(server)).toEqual([
      { type: 'textDelta', itemId: null, delta: 'héllo 🌍' },
      { type: 'completed', responseId: 'resp_1', usage: null },
    ]);
  });

  test('data over several lines is joined', async () => {
    const server = await streaming(
      'data: {"type":"response.output_text.delta",\ndata: "delta":"x"}\n\ndata: {"type":"response.completed",\ndata: "response":{"id":"r"}}\n\n',
    );

    expect(await eventsOf(server)).toHaveLength(2);
  });

  test('a refusal is text, and unknown parts of a message are left out', async () => {
    const content = [
      { type: 'refusal', refusal: 'No.' },
      { type: 'hologram', data: 'x' },
      { type: 'output_text', text: 'Sorry.', annotations: [] },
    ];
    const server = await streaming(sse(itemDone({ type: 'message', role: 'assistant', content }), completed));

    expect((await eventsOf(server))[0]).toEqual({
      type: 'itemDone',
      item: {
        type: 'message',
        role: 'assistant',
        content: [
          { type: 'output_text', text: 'No.' },
          { type: 'output_text', text: 'Sorry.' },
        ],
      },
    });
  });

  test('a call without an id, or with arguments that are no text, is a call all the same', async () => {
    const call = { type: 'function_call', name: 'x', arguments: '{"n":1}' };
    const server = await streaming(
      sse(
        itemDone(call),
        itemDone({ ...call, call_id: '' }),
        itemDone({ ...call, call_id: null, id: 'fc_1' }),
        itemDone({ ...call, call_id: 'c', arguments: { n: 1 } }),
        itemDone({ type: 'custom_tool_call', name: 'y', input: 'z' }),
        completed,
      ),
    );
    const items = (await eventsOf(server)).flatMap((event) => (event.type === 'itemDone' ? [event.item] : []));

    expect(items).toEqual([
      { ...call, call_id: expect.stringMatching(/^call_./) },
      { ...call, call_id: expect.stringMatching(/^call_./) },
      { ...call, call_id: 'fc_1', id: 'fc_1' },
      { ...call, call_id: 'c' },
      { type: 'custom_tool_call', call_id: expect.stringMatching(/^call_./), name: 'y', input: 'z' },
    ]);
  });

  test('an item is given out while the response still runs', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const server = await loopback(async (response) => {
      response.writeHead(200).write(sse(itemDone(assistantMessage('early'))));
      await released;
      response.end(sse(completed));
    });
    const stream = clientOf(providerAt(server.baseUrl)).stream(promptOf(), { taskKind: 'regular', signal: NEVER });

    expect((await stream.next()).value).toMatchObject([{ type: 'itemDone' }]);
    release();
    expect((await stream.next()).value).toMatchObject([{ type: 'completed' }]);
  });

  test.each([
    ['a response that failed', sse({ type: 'response.failed', response: { error: { message: 'broken' } } }), 'broken'],
    ['an event that is an error', sse({ type: 'error', message: 'broken' }), 'broken'],
    ['an event that names an error', 'event: error\ndata: {"message":"broken"}\n\n', 'broken'],
    ['a response that is not complete', sse({ type: 'response.incomplete', response: {} }), 'Incomplete'],
    ['the end of the stream', '', 'closed before response.completed'],
  ])('words that arrive in one piece with %s are given out before it', async (_, end, message) => {
    const words = { type: 'response.output_text.delta', item_id: 'msg_1', delta: 'Hi' };
    const server = await streaming(sse(created, words, itemDone(assistantMessage('Hi'))) + end);
    const given: ModelEvent[] = [];
    const stream = clientOf(providerAt(server.baseUrl)).stream(promptOf(), { taskKind: 'regular', signal: NEVER });
    const read = async () => {
      for await (const events of stream) given.push(...events);
    };

    expect((await failureOf(read())).message).toContain(message);
    expect(given.map(({ type }) => type)).toEqual(['created', 'textDelta', 'itemDone']);
  });

  test('nothing behind the event that completes a response is read', async () => {
    const late = { type: 'response.output_text.delta', item_id: 'msg_1', delta: 'late' };
    const server = await streaming(sse(completed, late, { type: 'response.failed', response: {} }));

    expect((await eventsOf(server)).map(({ type }) => type)).toEqual(['completed']);
  });

  test('model 16: the stream ends at completed though the socket stays open', async () => {
    const server = await loopback((response) => void response.writeHead(200).write(sse(completed)));
    const startedAt = performance.now();

    expect(await eventsOf(server)).toHaveLength(1);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  test('model 28: null details count as 0, no total is the sum, and no usage is null', async () => {
    const bare = { input_tokens: 10, input_tokens_details: null, output_tokens: 3, output_tokens_details: null };
    const withUsage = await streaming(sse({ type: 'response.completed', response: { id: 'r', usage: bare } }));
    const without = await streaming(sse({ type: 'response.completed', response: { id: 'r', usage: null } }));

    expect(await eventsOf(withUsage)).toEqual([
      {
        type: 'completed',
        responseId: 'r',
        usage: {
          input_tokens: 10,
          cached_input_tokens: 0,
          output_tokens: 3,
          reasoning_output_tokens: 0,
          total_tokens: 13,
        },
      },
    ]);
    expect(await eventsOf(without)).toEqual([{ type: 'completed', responseId: 'r', usage: null }]);
  });

  test('model 27: rate-limit headers come first, with exactly their values', async () => {
    const server = await streaming(sse(created, completed), {
      'x-codex-primary-used-percent': '12.5',
      'x-codex-primary-window-minutes': '10',
      'x-codex-primary-reset-at': '1704069000',
    });

    expect((await eventsOf(server))[0]).toEqual({
      type: 'rateLimits',
      snapshot: {
        primary: { used_percent: 12.5, window_minutes: 10, resets_at: 1704069000 },
        secondary: null,
      },
    });
  });

  test.each([
    ['0 % and nothing else', { 'x-codex-primary-used-percent': '0' }],
    ['0 % of a window of 0', { 'x-codex-primary-used-percent': '0.0', 'x-codex-primary-window-minutes': '0' }],
    ['NaN', { 'x-codex-primary-used-percent': 'NaN', 'x-codex-primary-window-minutes': '10' }],
    ['no percentage', { 'x-codex-secondary-window-minutes': '10' }],
  ])('model 27: %s is no window, and without one nothing is announced', async (_, headers) => {
    const server = await streaming(sse(completed), headers);

    expect(await eventsOf(server)).toHaveLength(1);
  });

  test('8 MB in one delta arrive whole', async () => {
    const delta = 'x'.repeat(8 * 1024 * 1024);
    const server = await streaming(sse({ type: 'response.output_text.delta', delta }, completed));
    const [first] = await eventsOf(server);

    expect(first?.type === 'textDelta' && first.delta === delta).toBe(true);
  });

  test('20,000 deltas cost little processor time', async () => {
    const delta = sse({ type: 'response.output_text.delta', item_id: 'msg_1', delta: 'word ' });
    const text = delta.repeat(20_000) + sse(completed);
    const server = await loopback((response) => respond(response, text));
    await eventsOf(server); // loads and warms what a first request needs

    expect(await cpuSecondsOf(async () => expect(await eventsOf(server)).toHaveLength(20_001))).toBeLessThan(1);
  });

  test('an event beyond any measure ends the stream instead of filling the memory', async () => {
    const chunk = 'x'.repeat(1024 * 1024);
    const server = await loopback((response) => {
      response.writeHead(200).write('data: ');
      const more = (): void => {
        if (!response.destroyed) response.write(chunk, more);
      };
      more();
    });
    const error = await failureOf(eventsOf(server));

    expect(error).toMatchObject({ phase: 'stream', retryable: true });
    expect(error.message).toContain('max buffer size');
  });
});
