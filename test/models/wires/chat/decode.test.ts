import { describe, expect, test } from 'vitest';
import { failureOf, promptOf } from '../../support.ts';
import { begun, body, chunk, eventsOf, itemsOf, origin, piece } from './support.ts';

const done = chunk({}, 'tool_calls');
const usageChunk = (usage: object) => ({ id: 'chatcmpl_1', choices: [], usage });
const said = (text: string) => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});
const freeform = {
  type: 'custom',
  name: 'apply_patch',
  description: 'patches',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
} as const;

describe('a response of the Chat Completions API', () => {
  test('model 30: two interleaved calls come out whole, in the order of their indexes, behind the text', async () => {
    const events = await eventsOf(
      body(
        chunk({ role: 'assistant', content: 'Look' }),
        chunk({ content: 'ing.' }),
        begun(1, 'call_b', 'read_file'),
        begun(0, 'call_a', 'shell'),
        piece(0, '{"command":'),
        piece(1, '{"path":"x'),
        piece(0, '["ls"]}'),
        piece(1, '.ts"}'),
        done,
        usageChunk({ prompt_tokens: 10, completion_tokens: 4 }),
        '[DONE]',
      ),
    );
    expect(itemsOf(events)).toEqual([
      said('Looking.'),
      { type: 'function_call', call_id: 'call_a', name: 'shell', arguments: '{"command":["ls"]}' },
      { type: 'function_call', call_id: 'call_b', name: 'read_file', arguments: '{"path":"x.ts"}' },
    ]);
    expect(events.flatMap((event) => (event.type === 'textDelta' ? [event.delta] : []))).toEqual(['Look', 'ing.']);
    expect(events.at(-1)).toMatchObject({ type: 'completed', usage: { input_tokens: 10, total_tokens: 14 } });
  });

  test.each([
    ['in the middle of a text', body(chunk({ content: 'half' }))],
    ['in the middle of a call', body(begun(0, 'c', 'shell'), piece(0, '{"comm'))],
    ['before anything', ''],
  ])(
    'model 31: a stream that ends %s, without finish_reason or [DONE], is lost and may be tried again',
    async (_, text) => {
      expect(await failureOf(eventsOf(text))).toMatchObject({
        kind: 'responseStreamDisconnected',
        retryable: true,
        message: expect.stringContaining('finish_reason'),
      });
    },
  );

  test('a stream that ends behind its finish_reason is whole', async () => {
    const events = await eventsOf(body(chunk({ content: 'all' }), chunk({}, 'stop')));
    expect(itemsOf(events)).toEqual([said('all')]);
    expect(events.at(-1)).toMatchObject({ type: 'completed', usage: null });
  });

  test('a stream with [DONE] and no finish_reason is whole', async () => {
    const events = await eventsOf(body(chunk({ content: 'all' }), '[DONE]'));
    expect(itemsOf(events)).toEqual([said('all')]);
    expect(events.at(-1)?.type).toBe('completed');
  });

  test('calls may come whole, without an index or an id, and end with "stop"', async () => {
    const call = (name: string) => ({ type: 'function', function: { name, arguments: '{"n":1}' } });
    const events = await eventsOf(body(chunk({ tool_calls: [call('one'), call('two')] }, 'stop'), '[DONE]'));
    expect(itemsOf(events)).toEqual([
      { type: 'function_call', call_id: expect.stringMatching(/^call_/), name: 'one', arguments: '{"n":1}' },
      { type: 'function_call', call_id: expect.stringMatching(/^call_/), name: 'two', arguments: '{"n":1}' },
    ]);
  });

  test('without an index a new id begins a new call', async () => {
    const part = (id: string, args: string, name?: string) =>
      chunk({ tool_calls: [{ id, function: { ...(name && { name }), arguments: args } }] });
    const events = await eventsOf(
      body(part('a', '{"x":', 'one'), part('a', '1}'), part('b', '{}', 'two'), done, '[DONE]'),
    );
    expect(itemsOf(events)).toMatchObject([
      { call_id: 'a', name: 'one', arguments: '{"x":1}' },
      { call_id: 'b', name: 'two', arguments: '{}' },
    ]);
  });

  const whole = (n: number, more: object = {}) => ({
    ...more,
    function: { name: `tool_${n}`, arguments: `{"n":${n}}` },
  });
  const rest = (n: number) => ({ function: { arguments: `{"n":${n}}` } });
  const start = (n: number, more: object = {}) => ({ ...more, function: { name: `tool_${n}`, arguments: '' } });
  test.each([
    ['with the same index and ids of their own', [whole(1, { index: 0, id: 'a' }), whole(2, { index: 0, id: 'b' })]],
    ['without index and id, one after the other', [whole(1), whole(2)]],
    [
      'with ids alone, which only their first pieces have',
      [start(1, { id: 'a' }), rest(1), start(2, { id: 'b' }), rest(2)],
    ],
    [
      'with another id in each piece',
      [start(1, { index: 0, id: 'a' }), { ...rest(1), index: 0, id: 'x' }, whole(2, { index: 1 })],
    ],
    ['with arguments that are no text', [whole(1), { function: { name: 'tool_2', arguments: { n: 2 } } }]],
  ])('two calls stay two %s', async (_, calls) => {
    const events = await eventsOf(body(...calls.map((call) => chunk({ tool_calls: [call] })), done, '[DONE]'));
    expect(itemsOf(events)).toMatchObject([
      { name: 'tool_1', arguments: '{"n":1}' },
      { name: 'tool_2', arguments: '{"n":2}' },
    ]);
  });

  test.each(['tool_calls', 'content_filter'])(
    'a server that says twice how it ended (%s) adds nothing',
    async (reason) => {
      const events = await eventsOf(
        body(begun(0, 'a', 'shell'), chunk({}, reason), chunk({ content: '' }, reason), '[DONE]'),
      );
      expect(itemsOf(events)).toHaveLength(1);
    },
  );

  test('a freeform tool comes back with its text', async () => {
    const stream = body(begun(0, 'c', 'apply_patch'), piece(0, '{"input":"*** Begin\\n'), piece(0, 'Patch"}'), done);
    const events = await eventsOf(stream, promptOf({ tools: [freeform] }));
    expect(itemsOf(events)).toEqual([
      { type: 'custom_tool_call', call_id: 'c', name: 'apply_patch', input: '*** Begin\nPatch' },
    ]);
  });

  test.each([
    ['reasoning', { reasoning: 'hm' }],
    ['reasoning', { reasoning: { text: 'hm' } }],
    ['reasoning_content', { reasoning_content: 'hm' }],
    ['reasoning_details', { reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }],
  ])('a thought that comes as %s is an item with its origin, before what follows', async (field, delta) => {
    const events = await eventsOf(body(chunk(delta), chunk({ content: 'so' }), chunk({}, 'stop'), '[DONE]'));
    expect(itemsOf(events)).toMatchObject([
      { type: 'reasoning', content: [{ type: 'reasoning_text', text: 'hm' }], origin: { ...origin, field } },
      said('so'),
    ]);
    expect(events).toContainEqual({ type: 'reasoningContentDelta', itemId: null, index: 0, delta: 'hm' });
  });

  test('usage counts what was cached and thought', async () => {
    const usage = {
      prompt_tokens: 100,
      prompt_tokens_details: { cached_tokens: 90 },
      completion_tokens: 7,
      completion_tokens_details: { reasoning_tokens: 3 },
      total_tokens: 107,
    };
    const events = await eventsOf(body(chunk({ content: 'x' }, 'stop'), usageChunk(usage), '[DONE]'));
    expect(events.at(-1)).toMatchObject({
      usage: {
        input_tokens: 100,
        cached_input_tokens: 90,
        output_tokens: 7,
        reasoning_output_tokens: 3,
        total_tokens: 107,
      },
    });
  });

  test('an answer that was cut at its length is incomplete, and a call that was cut does not run', async () => {
    const stream = body(
      chunk({ content: 'Writing.' }),
      begun(0, 'c', 'shell'),
      piece(0, '{"rm'),
      chunk({}, 'length'),
      '[DONE]',
    );
    const failure = await failureOf(eventsOf(stream));
    expect(failure).toMatchObject({ retryable: false, message: expect.stringContaining('length') });
  });

  test('an answer that the filter ended says so', async () => {
    const events = await eventsOf(body(chunk({ content: 'Once' }), chunk({}, 'content_filter'), '[DONE]'));
    expect(itemsOf(events)).toEqual([said('Once'), said(expect.stringContaining('filter'))]);
    expect(events.at(-1)?.type).toBe('completed');
  });

  test.each([
    [{ error: { message: 'busy', code: 'rate_limit_exceeded' } }, true],
    [{ error: { message: 'no', type: 'invalid_request_error' } }, false],
    [{ error: { message: 'long', code: 'context_length_exceeded' } }, false],
  ])('an error in mid-stream fails the response: %j', async (event, retryable) => {
    expect(await failureOf(eventsOf(body(chunk({ content: 'x' }), event)))).toMatchObject({
      retryable,
      phase: 'stream',
    });
  });

  test('a text may come as parts, and a refusal is one', async () => {
    const parts = [
      { type: 'text', text: 'in ' },
      { type: 'text', text: 'parts' },
    ];
    expect(itemsOf(await eventsOf(body(chunk({ content: parts }, 'stop'), '[DONE]')))).toEqual([said('in parts')]);
    expect(itemsOf(await eventsOf(body(chunk({ refusal: 'I will not.' }, 'stop'), '[DONE]')))).toEqual([
      said('I will not.'),
    ]);
  });

  test('a response of calls without end is given up', async () => {
    const calls = Array.from({ length: 300 }, (_, index) => begun(index, `c${index}`, 'shell'));
    expect(await failureOf(eventsOf(body(...calls, done)))).toMatchObject({
      message: expect.stringContaining('more calls'),
    });
  });

  test('what is no JSON, or nothing known, is passed over', async () => {
    const events = await eventsOf(
      body('not json', '{}', '[]', chunk({ content: 'x' }, 'stop'), '[DONE]', '{"late":1}'),
    );
    expect(itemsOf(events)).toEqual([said('x')]);
  });
});
