import { expect, test } from 'vitest';
import {
  customCall,
  cut,
  failed,
  functionCall,
  incomplete,
  localShellCall,
  message,
  type Part,
  reasoning,
  respond,
  startModelServer,
  usage,
  webSearchCall,
} from '../../src/testing/index.ts';
import { type Answer, send, shape } from './support.ts';

async function answerOf(...parts: readonly Part[]): Promise<Answer> {
  await using server = await startModelServer([respond(...parts)]);
  const answer = await send(`${server.url}/messages`, {}).answer;
  server.assertDone();
  return answer;
}

const block = (index: number, content_block: object, ...deltas: object[]) => [
  { type: 'content_block_start', index, content_block },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];

test('the same script is played over the Messages API', async () => {
  const { events, body } = await answerOf(
    reasoning([['Let ', 'me see']], { encrypted: 'c2ln' }),
    message('Hi there', { deltas: ['Hi ', 'there'] }),
    functionCall('shell', { a: 1 }, 't1'),
    customCall('apply_patch', 'a "quoted"\nline', { callId: 't2', chunk: 5 }),
    usage({ input: 100, cached: 60, cacheWritten: 10, output: 5, reasoning: 2 }),
  );
  const input = (partial_json: string) => ({ type: 'input_json_delta', partial_json });

  expect(events).toEqual([
    {
      type: 'message_start',
      message: {
        ...{ id: 'msg_0', type: 'message', role: 'assistant', model: 'scripted', content: [] },
        ...{ stop_reason: null, stop_sequence: null },
        usage: { input_tokens: 30, cache_read_input_tokens: 60, cache_creation_input_tokens: 10, output_tokens: 1 },
      },
    },
    { type: 'ping' },
    ...block(
      0,
      { type: 'thinking', thinking: '', signature: '' },
      { type: 'thinking_delta', thinking: 'Let ' },
      { type: 'thinking_delta', thinking: 'me see' },
      { type: 'signature_delta', signature: 'c2ln' },
    ),
    ...block(1, { type: 'text', text: '' }, { type: 'text_delta', text: 'Hi ' }, { type: 'text_delta', text: 'there' }),
    ...block(2, { type: 'tool_use', id: 't1', name: 'shell', input: {} }, input('{"a":1}')),
    ...block(
      3,
      { type: 'tool_use', id: 't2', name: 'apply_patch', input: {} },
      ...['{"input":"', 'a \\"qu', 'oted\\"', '\\nline', '"}'].map(input),
    ),
    {
      type: 'message_delta',
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { output_tokens: 5, output_tokens_details: { thinking_tokens: 2 } },
    },
    { type: 'message_stop' },
  ]);
  expect(body).toMatch(/^event: message_start\ndata: /);
});

test('what the provider runs itself, and what other models call their shell', async () => {
  const { events } = await answerOf(webSearchCall('weather'), localShellCall(['ls'], 't1'));
  const starts = shape(events).filter((event) => 'content_block' in event);

  expect(starts).toMatchObject([
    { content_block: { type: 'server_tool_use', name: 'web_search', input: { query: 'weather' } } },
    { content_block: { type: 'tool_use', id: 't1', name: 'local_shell' } },
  ]);
});

test.each([
  ['nothing said', [], { type: 'message_stop' }, 'end_turn'],
  ['an answer that is too long', [incomplete('max_output_tokens')], { type: 'message_stop' }, 'max_tokens'],
  ['a filter', [incomplete('content_filter')], { type: 'message_stop' }, 'refusal'],
  ['a reason of the API', [incomplete('pause_turn')], { type: 'message_stop' }, 'pause_turn'],
] as const)('%s ends as %o', async (_, parts, last, reason) => {
  const { events } = await answerOf(...parts);

  expect(events.at(-1)).toEqual(last);
  expect(events.at(-2)).toMatchObject({ delta: { stop_reason: reason } });
});

test.each([
  [
    { code: 'rate_limit_exceeded', message: 'm' },
    { type: 'rate_limit_error', message: 'm' },
  ],
  [
    { code: 'server_is_overloaded', message: 'm' },
    { type: 'overloaded_error', message: 'm' },
  ],
  [
    { code: 'context_length_exceeded', message: 'm' },
    { type: 'invalid_request_error', message: 'prompt is too long: m' },
  ],
  [
    { type: 'authentication_error', message: 'm' },
    { type: 'authentication_error', message: 'm' },
  ],
  [{ message: 'm' }, { type: 'api_error', message: 'm' }],
])('the failure %o is sent as %o', async (error, sent) => {
  const { events } = await answerOf(message('half'), failed(error));

  expect(events.at(-1)).toEqual({ type: 'error', error: sent });
});

test('an item that breaks off has no end, a thought no signature', async () => {
  const { events } = await answerOf(reasoning(['hm'], { encrypted: 's', unfinished: true }), cut());

  expect(events.map(({ type }) => type)).toEqual([
    'message_start',
    'ping',
    'content_block_start',
    'content_block_delta',
  ]);
});

test('a request is read whichever API it came by', async () => {
  await using server = await startModelServer(() => respond(message('ok')));
  const text = (value: string, more: object = {}) => ({ type: 'text', text: value, ...more });
  const mark = { cache_control: { type: 'ephemeral' } };
  const ask = async (messages: readonly object[]) => {
    const index = server.requests.length;
    await send(`${server.url}/messages`, { system: [text('Be kind.', mark)], tools: [{ name: 'a' }], messages }).answer;
    return server.request(index);
  };
  const first = await ask([{ role: 'user', content: [text('one', mark)] }]);
  const turn = [
    { role: 'user', content: [text('one')] },
    { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'a', input: {} }] },
  ];
  const result = { type: 'tool_result', tool_use_id: 't1', content: 'gave' };
  const second = await ask([...turn, { role: 'user', content: [{ ...result, ...mark }] }]);
  const third = await ask([...turn, { role: 'user', content: [result, text('two', mark)] }]);
  const other = await ask([{ role: 'user', content: [text('ones', mark)] }]);

  expect([third.instructions, third.tools, third.messages.length]).toEqual(['Be kind.', [{ name: 'a' }], 3]);
  expect(third.textsOf('user')).toEqual(['one', 'two']);
  expect([second.lastUserText, third.lastUserText]).toEqual(['one', 'two']);
  expect(third.outputOf('t1')).toBe('gave');
  second.assertExtends(first);
  third.assertExtends(second);
  expect(() => other.assertExtends(first)).toThrow('the messages changed at');
  expect(() => third.assertExtends(other)).toThrow('the messages changed at');
});
