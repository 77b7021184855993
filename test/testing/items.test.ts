import { expect, test } from 'vitest';
import {
  customCall,
  cut,
  functionCall,
  localShellCall,
  message,
  type Part,
  plainItem,
  reasoning,
  respond,
  startModelServer,
  usage,
  webSearchCall,
} from '../../src/testing/index.ts';
import { type Answer, ask, shape, typesOf } from './support.ts';

async function answerOf(...parts: readonly Part[]): Promise<Answer> {
  await using server = await startModelServer([respond(...parts)]);
  return await ask(server, { model: 'test' });
}

test('a message comes with every event that a provider sends for it', async () => {
  const { events } = await answerOf(message('Hi there', { id: 'm', deltas: ['Hi ', 'there'] }));
  const part = { type: 'output_text', text: 'Hi there', annotations: [] };
  const item = { id: 'm', type: 'message', status: 'completed', role: 'assistant', content: [part] };
  const at = { item_id: 'm', output_index: 0, content_index: 0 };
  expect(shape(events)).toEqual([
    { type: 'response.created' },
    { type: 'response.output_item.added', output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
    { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
    { type: 'response.output_text.delta', ...at, delta: 'Hi ' },
    { type: 'response.output_text.delta', ...at, delta: 'there' },
    { type: 'response.output_text.done', ...at, text: 'Hi there' },
    { type: 'response.content_part.done', ...at, part },
    { type: 'response.output_item.done', output_index: 0, item },
    { type: 'response.completed' },
  ]);
  expect(events.map((event) => event['sequence_number'])).toEqual(events.map((_, index) => index));
  expect(events.at(-1)).toMatchObject({ response: { status: 'completed', output: [item] } });
});

test('reasoning comes as summary parts, raw text and an encrypted blob', async () => {
  const answer = await answerOf(reasoning(['one', ['t', 'wo']], { id: 'r', content: 'raw', encrypted: 'blob' }));
  expect(typesOf(answer).slice(2, -2)).toEqual([
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'reasoning_text.delta',
    'reasoning_text.done',
  ]);
  expect(answer.events[7]).toMatchObject({ item_id: 'r', summary_index: 1, delta: 't' });
  expect(answer.events.at(-2)).toMatchObject({
    item: {
      type: 'reasoning',
      id: 'r',
      summary: [
        { type: 'summary_text', text: 'one' },
        { type: 'summary_text', text: 'two' },
      ],
      content: [{ type: 'reasoning_text', text: 'raw' }],
      encrypted_content: 'blob',
    },
  });
});

test('a function call streams its arguments, and carries text that is not JSON as it is', async () => {
  const answer = await answerOf(functionCall('shell', '{"broken', { callId: 'c', id: 'f', chunk: 4 }));
  const at = { item_id: 'f', output_index: 0 };
  const call = { id: 'f', type: 'function_call', name: 'shell', call_id: 'c' };
  expect(shape(answer.events).slice(1, -1)).toEqual([
    {
      type: 'response.output_item.added',
      output_index: 0,
      item: { ...call, status: 'in_progress', arguments: '' },
    },
    { type: 'response.function_call_arguments.delta', ...at, delta: '{"br' },
    { type: 'response.function_call_arguments.delta', ...at, delta: 'oken' },
    { type: 'response.function_call_arguments.done', ...at, arguments: '{"broken' },
    {
      type: 'response.output_item.done',
      output_index: 0,
      item: { ...call, status: 'completed', arguments: '{"broken' },
    },
  ]);
});

test('other calls come in the shapes of the API', async () => {
  const answer = await answerOf(
    customCall('apply_patch', '*** Begin', 'c1'),
    localShellCall(['ls'], { callId: 'c2', action: { timeout_ms: 5 } }),
    webSearchCall('weather'),
    plainItem({ type: 'from_the_future', answer: 42 }),
  );
  const items = answer.events.flatMap((event) => (event.type === 'response.output_item.done' ? [event['item']] : []));
  expect(items).toEqual([
    {
      id: 'ctc_0_0',
      type: 'custom_tool_call',
      status: 'completed',
      call_id: 'c1',
      name: 'apply_patch',
      input: '*** Begin',
    },
    {
      id: 'lsh_0_1',
      type: 'local_shell_call',
      status: 'completed',
      call_id: 'c2',
      action: { type: 'exec', command: ['ls'], timeout_ms: 5 },
    },
    { id: 'ws_0_2', type: 'web_search_call', status: 'completed', action: { type: 'search', query: 'weather' } },
    { type: 'from_the_future', answer: 42 },
  ]);
  expect(typesOf(answer)).toContain('custom_tool_call_input.done');
  expect(typesOf(answer)).toContain('web_search_call.searching');
});

test('calls without a given id never share one, also when a response is given twice', async () => {
  const again = respond(functionCall('a', {}), functionCall('b', {}));
  await using server = await startModelServer([again, again]);
  const answers = [await ask(server), await ask(server)];
  const ids = answers.flatMap((answer) =>
    answer.events.flatMap((event) =>
      event.type === 'response.output_item.done' ? [JSON.stringify(event['item'])] : [],
    ),
  );
  expect(new Set(ids.map((item) => /"call_id":"([^"]+)"/.exec(item)?.[1])).size).toBe(4);
});

test('an unfinished item breaks off after its last delta', async () => {
  const answer = await answerOf(message('abc', { chunk: 2, unfinished: true }), cut());
  expect(typesOf(answer)).toEqual([
    'created',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.delta',
  ]);
});

test('cutting a text into deltas never tears a surrogate pair', async () => {
  const text = 'a😀b😀😀';
  for (const chunk of [1, 2, 3]) {
    const { events } = await answerOf(message(text, { chunk }));
    const deltas = events.flatMap((event) => (event.type.endsWith('text.delta') ? [String(event['delta'])] : []));
    expect(deltas.join('')).toBe(text);
    expect(deltas.every((delta) => delta.isWellFormed())).toBe(true);
  }
});

test('usage has the shape of the API, and left out when not scripted', async () => {
  const answer = await answerOf(message('x'), usage({ input: 90, cached: 80, output: 7, reasoning: 5 }));
  expect(answer.events.at(-1)).toMatchObject({
    response: {
      usage: {
        input_tokens: 90,
        input_tokens_details: { cached_tokens: 80 },
        output_tokens: 7,
        output_tokens_details: { reasoning_tokens: 5 },
        total_tokens: 97,
      },
    },
  });
  const silent = await answerOf(message('x'));
  expect(silent.events.at(-1)?.['response']).not.toHaveProperty('usage');
});

test('20,000 deltas and an 8 MB delta arrive whole', async () => {
  const many = await answerOf(message('word '.repeat(20_000), { chunk: 5 }));
  expect(many.events.filter((event) => event.type === 'response.output_text.delta')).toHaveLength(20_000);
  const text = 'é'.repeat(4 * 1024 * 1024);
  const { events } = await answerOf(message(text));
  const delta = events.find((event) => event.type === 'response.output_text.delta');
  expect(delta?.['delta'] === text).toBe(true);
});
