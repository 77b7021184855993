import { describe, expect, test } from 'vitest';
import type { Prompt } from '../../../../src/models/prompt/index.ts';
import { promptOf, sse, type WireEvent } from '../../support.ts';
import { body, chunk } from '../chat/support.ts';
import { itemsOf, readBy, SPEAKERS } from './support.ts';

const [responses, chat, , , anthropic] = SPEAKERS;

async function chatItems(...chunks: readonly (object | string)[]) {
  if (chat === undefined) throw new Error('no speaker');
  return itemsOf(await readBy(chat, body(...chunks, '[DONE]')));
}
async function responsesItems(...events: readonly WireEvent[]) {
  if (responses === undefined) throw new Error('no speaker');
  return itemsOf(await readBy(responses, sse(...events)));
}

const call = (piece: object) => chunk({ tool_calls: [piece] });
const fn = (name: string, args: string) => ({ function: { name, arguments: args } });
const texts = (items: Awaited<ReturnType<typeof chatItems>>) =>
  items.flatMap((item) => (item.type === 'message' ? item.content.map((part) => 'text' in part && part.text) : []));
const calls = (items: Awaited<ReturnType<typeof chatItems>>) =>
  items.flatMap((item) => (item.type === 'function_call' ? [`${item.name} ${item.arguments}`] : []));

describe('malformed streams of the Chat Completions API lose nothing', () => {
  test.each([
    ['one index and names of their own', [fn('a', '{"n":1}'), fn('b', '{"n":2}')].map((one) => ({ index: 0, ...one }))],
    [
      'one index, empty ids and one name',
      [fn('a', '{"n":1}'), fn('a', '{"n":2}')].map((one) => ({ index: 0, id: '', ...one })),
    ],
    ['one id for all', [fn('a', '{"n":1}'), fn('b', '{"n":2}')].map((one) => ({ id: 'call_0', ...one }))],
    ['the form of one call only', null],
  ])('several calls with %s', async (_, pieces) => {
    if (pieces === null) {
      const old = (piece: object) => chunk({ function_call: piece });
      const items = await chatItems(
        old({ name: 'a', arguments: '{"n"' }),
        old({ arguments: ':1}' }),
        chunk({}, 'function_call'),
      );
      expect(calls(items)).toEqual(['a {"n":1}']);
      return;
    }
    const items = await chatItems(...pieces.map(call), chunk({}, 'tool_calls'));
    expect(calls(items).map((one) => one.slice(2))).toEqual(['{"n":1}', '{"n":2}']);
  });

  test.each([
    ['the whole object with every piece', ['{"n":1}', '{"n":1}']],
    ['all that there is until then', ['{"n"', '{"n":1', '{"n":1}']],
    ['an empty object first', ['{}', '{"n":1}']],
    ['an empty object last', ['{"n":1}', '{}']],
    ['one object twice in a piece', ['{"n":1}{"n":1}']],
  ])('arguments that come as %s', async (_, pieces) => {
    const items = await chatItems(
      ...pieces.map((text) => call({ index: 0, id: 'c', ...fn('a', text) })),
      chunk({}, 'stop'),
    );
    expect(calls(items)).toEqual(['a {"n":1}']);
  });

  test('a finish_reason in every chunk, and text behind it', async () => {
    const items = await chatItems(
      chunk({ content: 'one ' }, 'stop'),
      chunk({ content: 'two' }, 'stop'),
      chunk({ content: '.' }),
    );
    expect(texts(items)).toEqual(['one two.']);
  });

  test('summaries among the details are shown, and go back as details', async () => {
    const detail = (summary: string) => ({
      type: 'reasoning.summary',
      index: 0,
      summary,
      format: 'openai-responses-v1',
    });
    const piece = (text: string) => chunk({ reasoning: text, reasoning_details: [detail(text)] });
    const items = await chatItems(piece('**Plan** '), piece('look'), chunk({ content: 'so' }, 'stop'));
    expect(items[0]).toMatchObject({ type: 'reasoning', summary: [{ text: '**Plan** look' }], content: null });
    expect(JSON.stringify(items[0])).toContain(JSON.stringify(JSON.stringify([detail('**Plan** look')])).slice(1, -1));
  });

  test.each([
    [
      'a signature behind its text, and a second block',
      [
        { index: 0, text: 'a' },
        { index: 0, text: 'b' },
        { index: 0, signature: 'S' },
        { index: 1, text: 'c' },
      ],
      [
        { index: 0, text: 'ab', signature: 'S' },
        { index: 1, text: 'c' },
      ],
    ],
    [
      'no index',
      [{ text: 'a' }, { text: 'b' }, { signature: 'S' }, { text: 'c' }],
      [{ text: 'ab', signature: 'S' }, { text: 'c' }],
    ],
    [
      'sealed blocks of their own',
      [
        { type: 'reasoning.encrypted', data: 'A' },
        { type: 'reasoning.encrypted', data: 'B' },
      ],
      [
        { type: 'reasoning.encrypted', data: 'A' },
        { type: 'reasoning.encrypted', data: 'B' },
      ],
    ],
    [
      'one index for blocks of two kinds',
      [
        { index: 0, type: 'reasoning.summary', summary: 's' },
        { index: 0, type: 'reasoning.encrypted', id: 'r', data: 'A' },
      ],
      [
        { index: 0, type: 'reasoning.summary', summary: 's' },
        { index: 0, type: 'reasoning.encrypted', id: 'r', data: 'A' },
      ],
    ],
  ])('details with %s', async (_, fragments, whole) => {
    const items = await chatItems(
      ...fragments.map((one) => chunk({ reasoning_details: [one] })),
      chunk({ content: 'x' }, 'stop'),
    );
    const [thought] = items;
    expect(thought?.type === 'reasoning' && JSON.parse(thought.encrypted_content ?? '')).toEqual(whole);
  });

  const usage = { prompt_tokens: 400, completion_tokens: 40, total_tokens: 840 };
  const reasoning = { completion_tokens_details: { reasoning_tokens: 400 } };
  test.each([
    ['in the choice', { ...chunk({}, 'stop'), choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] }, 440],
    ['in x_groq', { ...chunk({}, 'stop'), x_groq: { usage: { ...usage, total_tokens: 440 } } }, 40],
    ['with thoughts beside the output (xAI)', { ...chunk({}, 'stop'), usage: { ...usage, ...reasoning } }, 440],
    ['with thoughts in the total alone (Gemini)', { ...chunk({}, 'stop'), usage }, 440],
    [
      'with thoughts in the output',
      { ...chunk({}, 'stop'), usage: { ...usage, completion_tokens: 440, ...reasoning } },
      440,
    ],
    ['as zeros', { ...chunk({}, 'stop'), usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }, null],
    ['not at all', chunk({}, 'stop'), null],
  ])('usage %s', async (_, last, output) => {
    if (chat === undefined) throw new Error('no speaker');
    const events = await readBy(chat, body(chunk({ content: 'x' }), last, '[DONE]'));
    const end = events.at(-1);
    expect(end?.type === 'completed' && (end.usage?.output_tokens ?? null)).toBe(output);
  });
});

describe('thin streams of the Responses API lose nothing', () => {
  const added = (item: object): WireEvent => ({ type: 'response.output_item.added', output_index: 0, item });
  const done = (item: object): WireEvent => ({ type: 'response.output_item.done', output_index: 0, item });
  const end = (output: readonly object[] = []): WireEvent => ({
    type: 'response.completed',
    response: { id: 'r', status: 'completed', output },
  });
  const message = { type: 'message', id: 'm', role: 'assistant', content: [{ type: 'output_text', text: 'answer' }] };
  const empty = { ...message, content: [] };
  const delta = (text: string, more: object = { item_id: 'm' }): WireEvent => ({
    ...{ type: 'response.output_text.delta', delta: text },
    ...more,
  });

  test.each<[string, WireEvent[]]>([
    ['in deltas alone', [added(empty), delta('ans'), delta('wer'), end()]],
    ['in deltas of an item that was not announced', [delta('ans'), delta('wer'), end()]],
    ['in deltas that name no item', [delta('ans', {}), delta('wer', {}), end()]],
    [
      'in deltas whose ids are others, with an empty item behind',
      [added(empty), delta('answer', { item_id: 'x', output_index: 0 }), done({ ...empty, id: 'y' }), end()],
    ],
    ['in the event that ends it alone', [{ type: 'response.output_text.done', item_id: 'm', text: 'answer' }, end()]],
    ['in the list of the response alone', [end([message])]],
    ['in the announcement alone', [added(message), end()]],
    ['as a text in place of parts', [done({ ...message, content: 'answer' }), end()]],
    ['in a part of type text', [done({ ...message, content: [{ type: 'text', text: 'answer' }] }), end()]],
    ['of a message without a role', [done({ ...message, role: undefined }), end()]],
    [
      'once, though the response lists it under another id',
      [delta('answer'), done(message), end([{ ...message, id: 'z' }])],
    ],
    ['behind response.done', [done(message), { type: 'response.done', response: { id: 'r' } }]],
  ])('a text %s', async (_, events) => {
    expect(texts(await responsesItems(...events))).toEqual(['answer']);
  });

  const called = { type: 'function_call', id: 'f', call_id: 'c', name: 'a', arguments: '' };
  const args = '{"n":1}';
  const argsDelta = (text: string): WireEvent => ({
    ...{ type: 'response.function_call_arguments.delta', item_id: 'f', output_index: 0, delta: text },
  });
  const argsDone: WireEvent = {
    type: 'response.function_call_arguments.done',
    item_id: 'f',
    output_index: 0,
    arguments: args,
  };
  test.each<[string, WireEvent[]]>([
    ['whose name was announced alone', [added(called), done({ ...called, name: '', arguments: args }), end()]],
    ['whose arguments ended alone', [added(called), argsDone, done(called), end()]],
    ['whose arguments are deltas alone', [added(called), argsDelta('{"n"'), argsDelta(':1}'), done(called), end()]],
    [
      'whose arguments are deltas among pieces of a text',
      [added(called), delta('a'), argsDelta('{"n"'), argsDelta(':'), delta('b'), argsDelta('1}'), done(called), end()],
    ],
    [
      'whose arguments end behind a piece of a text',
      [added(called), argsDelta('{"n"'), argsDelta(':1}'), delta('a'), argsDone, done(called), end()],
    ],
    ['that is never done', [added(called), argsDelta('{"n"'), argsDelta(':1}'), end()]],
    ['that only the event of its arguments names', [{ ...argsDone, name: 'a', call_id: 'c' }, end()]],
    ['that the response alone lists', [end([{ ...called, arguments: args }])]],
    ['that is announced, and listed', [added(called), end([{ ...called, arguments: args }])]],
  ])('a call %s', async (_, events) => {
    const items = await responsesItems(...events);
    expect(calls(items)).toEqual(['a {"n":1}']);
    expect(items[0]).toMatchObject({ call_id: 'c' });
  });

  test('two calls side by side keep their own arguments', async () => {
    const at = (index: number, event: WireEvent): WireEvent => ({
      ...event,
      output_index: index,
      item_id: `f${index}`,
    });
    const item = (index: number) => ({ ...called, id: `f${index}`, call_id: `c${index}` });
    const items = await responsesItems(
      ...[at(0, added(item(0))), at(1, added(item(1))), at(1, argsDelta('{"n":2}')), at(0, argsDelta('{"n":1}'))],
      ...[at(1, done(item(1))), at(0, done(item(0))), end()],
    );
    expect(calls(items)).toEqual(['a {"n":2}', 'a {"n":1}']);
  });
});

describe('the Messages API', () => {
  test('a second message_start, and a block that is never closed, lose nothing', async () => {
    if (anthropic === undefined) throw new Error('no speaker');
    const start: WireEvent = { type: 'message_start', message: { id: 'm', role: 'assistant', content: [] } };
    const block = (content_block: object): WireEvent => ({ type: 'content_block_start', index: 0, content_block });
    const say = (text: string): WireEvent => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text },
    });
    const text = block({ type: 'text', text: '' });
    const events = await readBy(
      anthropic,
      sse(
        ...[start, text, say('one'), start, text, say('two'), text, say('three')],
        ...[{ type: 'message_delta', delta: { stop_reason: 'end_turn' } }, { type: 'message_stop' }],
      ),
    );
    expect(texts(itemsOf(events))).toEqual(['one', 'two', 'three']);
    expect(events.filter(({ type }) => type === 'created')).toHaveLength(1);
  });
});

describe('a name with what a model’s own call format left on it', () => {
  const tools: Prompt['tools'] = ['exec_command', 'mcp__web__fetch'].map((name) => {
    return { type: 'function', name, description: '', strict: false, parameters: { type: 'object', properties: {} } };
  });
  test.each([
    ['exec_command<|channel|>commentary', 'exec_command'],
    ['<|channel|>commentary to=functions.exec_command <|constrain|>json', 'exec_command'],
    ['<|start|>exec_command', 'exec_command'],
    ['functions.exec_command', 'exec_command'],
    ['functions.exec_command:0', 'exec_command'],
    ['default_api:exec_command', 'exec_command'],
    [' "exec_command" ', 'exec_command'],
    ['exec_command()', 'exec_command'],
    ['Exec-Command', 'exec_command'],
    ['mcp.web.fetch', 'mcp__web__fetch'],
    ['exec', 'exec'],
    ['no_such_tool', 'no_such_tool'],
  ])('%s is %s, by every API', async (written, meant) => {
    const prompt = promptOf({ tools });
    const item = { type: 'function_call', id: 'f', call_id: 'c', name: written, arguments: '{}' };
    const block = { type: 'tool_use', id: 'c', name: written, input: {} };
    const streams = {
      chat: body(call({ index: 0, id: 'c', ...fn(written, '{}') }), chunk({}, 'tool_calls'), '[DONE]'),
      responses: sse(
        { type: 'response.output_item.done', item },
        { type: 'response.completed', response: { id: 'r' } },
      ),
      anthropic: sse(
        ...[
          { type: 'message_start', message: { id: 'm' } },
          { type: 'content_block_start', index: 0, content_block: block },
        ],
        ...[
          { type: 'content_block_stop', index: 0 },
          { type: 'message_delta', delta: { stop_reason: 'tool_use' } },
        ],
        { type: 'message_stop' },
      ),
    };
    for (const speaker of [chat, responses, anthropic]) {
      if (speaker === undefined) continue;
      expect(itemsOf(await readBy(speaker, streams[speaker.api], prompt))).toMatchObject([{ name: meant }]);
    }
  });
});
