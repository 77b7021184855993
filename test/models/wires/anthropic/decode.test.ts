import { describe, expect, test } from 'vitest';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import type { ModelEvent, Prompt } from '../../../../src/models/prompt/index.ts';
import { collect, promptOf, sse, streaming, userMessage, type WireEvent } from '../../support.ts';
import {
  answer,
  type Block,
  blockEvents,
  claudeAt,
  decoded,
  ending,
  itemsOf,
  messagesFor,
  origin,
  started,
  stopped,
  text,
  thinking,
  toolUse,
} from './support.ts';

const ID = expect.stringMatching(/^[a-z]+_[0-9a-f]{12}-\d$/);
const said = (value: string) => ({
  type: 'message',
  id: ID,
  role: 'assistant',
  content: [{ type: 'output_text', text: value }],
});
const called = (call_id: string, name: string, args: string) => ({
  type: 'function_call',
  id: ID,
  name,
  call_id,
  arguments: args,
});
const completed = { type: 'completed', responseId: 'msg_1', usage: null };

const patch: Prompt['tools'][number] = {
  type: 'custom',
  name: 'apply_patch',
  description: 'Edits files.',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
};

function usageOf(events: readonly ModelEvent[]) {
  return events.find((event) => event.type === 'completed')?.usage;
}

describe('the stream of the Messages API', () => {
  test('every event of a response comes out in order', async () => {
    const blocks = [
      thinking('I should look.', 'c2ln'),
      text('Look', 'ing.'),
      toolUse('toolu_1', 'shell', '{"command":', '["ls"]}'),
    ];

    expect(await decoded(answer(blocks, 'tool_use'))).toEqual([
      { type: 'created' },
      { type: 'itemAdded', itemId: ID, kind: 'reasoning' },
      { type: 'reasoningSummaryDelta', itemId: ID, index: 0, delta: 'I should look.' },
      {
        type: 'itemDone',
        item: {
          type: 'reasoning',
          id: ID,
          summary: [{ type: 'summary_text', text: 'I should look.' }],
          encrypted_content: 'c2ln',
          origin: { ...origin, field: 'thinking' },
        },
      },
      { type: 'textDelta', itemId: ID, delta: 'Look' },
      { type: 'textDelta', itemId: ID, delta: 'ing.' },
      { type: 'itemDone', item: said('Looking.') },
      { type: 'itemAdded', itemId: ID, kind: 'other' },
      { type: 'itemDone', item: called('toolu_1', 'shell', '{"command":["ls"]}') },
      completed,
    ]);
  });

  test('thoughts of models that show them whole are raw reasoning', async () => {
    const server = await streaming(answer([thinking('step by step', ''), text('ok')]));
    const events = await collect(claudeAt(server.baseUrl, { model: modelInfo('glm-4.6') }));

    expect(events).toContainEqual({ type: 'reasoningContentDelta', itemId: ID, index: 0, delta: 'step by step' });
    expect(itemsOf(events)[0]).toEqual({
      type: 'reasoning',
      id: ID,
      summary: [],
      content: [{ type: 'reasoning_text', text: 'step by step' }],
      encrypted_content: null,
      origin: { provider: 'anthropic', model: 'glm-4.6', field: 'thinking' },
    });
  });

  test('what a server did not close is whole when the message is, and cut when the message is', async () => {
    const blocks = blockEvents(text('On it.'), toolUse('toolu_1', 'shell', '{"a":', '1}'));
    const open = blocks.filter(({ type }) => type !== 'content_block_stop');
    const events = await decoded(sse(started, ...open, ending('tool_use'), stopped));

    expect(itemsOf(events)).toEqual([said('On it.'), called('toolu_1', 'shell', '{"a":1}')]);
    await expect(decoded(sse(started, ...open, ending('max_tokens'), stopped))).rejects.toThrow('max_tokens');
  });

  test('a call is given out while the response still runs', async () => {
    const events = await decoded(
      sse(
        started,
        ...blockEvents(toolUse('toolu_1', 'shell', '{"a":1}')),
        { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
        ending('tool_use'),
        stopped,
      ),
    );

    expect(events.map(({ type }) => type)).toEqual(['created', 'itemAdded', 'itemDone', 'completed']);
  });

  test('a call of a freeform tool is its text', async () => {
    const prompt = promptOf({ tools: [patch] });
    const whole = await decoded(answer([toolUse('t1', 'apply_patch', '{"input":"*** Be', 'gin\\n"}')]), prompt);
    const odd = await decoded(answer([toolUse('t2', 'apply_patch', '{"patch":"x"}')]), prompt);

    expect(itemsOf(whole)).toEqual([
      { type: 'custom_tool_call', id: ID, call_id: 't1', name: 'apply_patch', input: '*** Begin\n' },
    ]);
    expect(itemsOf(odd)).toMatchObject([{ type: 'custom_tool_call', input: '{"patch":"x"}' }]);
  });

  test('a tool whose name the API does not take is called by its own name', async () => {
    const name = `server.tool/${'x'.repeat(80)}`;
    const spec = { type: 'function' as const, name, description: '', strict: false, parameters: { type: 'object' } };
    const server = await streaming(answer([text('ok')]));
    await collect(claudeAt(server.baseUrl), promptOf({ tools: [spec] }));
    const sent = JSON.parse(server.requests[0]?.body ?? '').tools[0].name;
    const events = await decoded(answer([toolUse('t1', sent, '{"a":1}')]), promptOf({ tools: [spec] }));

    expect(sent).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(itemsOf(events)).toMatchObject([{ name }]);
  });

  test('a call without arguments has an empty object, one given at once has it whole', async () => {
    const whole = [{ type: 'tool_use', id: 't2', name: 'shell', input: { a: 1 } }] as const;

    expect(itemsOf(await decoded(answer([toolUse('t1', 'shell'), whole], 'tool_use')))).toEqual([
      called('t1', 'shell', '{}'),
      called('t2', 'shell', '{"a":1}'),
    ]);
  });

  test('arguments that are no JSON are for the tool to complain about', async () => {
    expect(itemsOf(await decoded(answer([toolUse('t1', 'shell', '{"a":')], 'tool_use')))).toEqual([
      called('t1', 'shell', '{"a":'),
    ]);
  });

  test('a message of white space alone is none', async () => {
    const events = await decoded(answer([text('\n', '\n'), text(' ', 'so')]));

    expect(events.filter(({ type }) => type === 'textDelta')).toEqual([
      { type: 'textDelta', itemId: ID, delta: ' so' },
    ]);
    expect(itemsOf(events)).toEqual([said(' so')]);
  });

  test('unknown events, foreign data and blocks that keel has no use for are passed over', async () => {
    const search = [{ type: 'server_tool_use', id: 'srv_1', name: 'code_execution', input: {} }] as const;
    const stray: WireEvent = { type: 'content_block_delta', index: 9, delta: { type: 'text_delta', text: 'lost' } };
    const body = [
      'data: not json\n\ndata: {"no":"type"}\n\ndata: null\n\n: comment\n\n',
      sse(started, { type: 'ping' }, stray, { type: 'from_the_future' }, { type: 'content_block_start' }),
      sse(...blockEvents(search, text('ok')), { type: 'content_block_stop', index: 7 }, ending('end_turn'), stopped),
    ].join('');
    const events = await decoded(body);

    expect(itemsOf(events)).toEqual([said('ok')]);
    expect(events.at(-1)).toEqual(completed);
  });

  test('a search of the provider is shown when it starts and kept with its question', async () => {
    const start = { type: 'server_tool_use', id: 'srv_1', name: 'web_search', input: {} } as const;
    const found = { type: 'web_search_tool_result', tool_use_id: 'srv_1', content: [] } as const;
    const parts = ['{"query":"wea', 'ther"}'].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    const events = await decoded(answer([[start, ...parts], [found], text('sunny')]));

    expect(events).toContainEqual({ type: 'webSearchBegin', callId: 'srv_1' });
    expect(itemsOf(events)).toEqual([
      { type: 'web_search_call', id: 'srv_1', status: 'completed', action: { type: 'search', query: 'weather' } },
      said('sunny'),
    ]);
  });

  test('model 33: what was read from the cache and written to it is input, and cached is what was read', async () => {
    const counts = { input_tokens: 10, cache_read_input_tokens: 90, cache_creation_input_tokens: 5, output_tokens: 1 };
    const body = sse(
      { type: 'message_start', message: { id: 'msg_1', usage: counts } },
      ...blockEvents(text('ok')),
      ending('end_turn', { usage: { output_tokens: 7 } }),
      stopped,
    );

    expect(usageOf(await decoded(body))).toEqual({
      input_tokens: 105,
      cached_input_tokens: 90,
      output_tokens: 7,
      reasoning_output_tokens: 0,
      total_tokens: 112,
    });
  });

  test('counts that come only at the end, or are null, are read too', async () => {
    const body = sse(
      { type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 0, output_tokens: 0 } } },
      ending('end_turn', {
        usage: {
          input_tokens: 20,
          cache_read_input_tokens: null,
          output_tokens: 9,
          output_tokens_details: { thinking_tokens: 4 },
        },
      }),
      stopped,
    );

    expect(usageOf(await decoded(body))).toMatchObject({
      input_tokens: 20,
      output_tokens: 9,
      reasoning_output_tokens: 4,
      total_tokens: 29,
    });
  });

  test('what a text was taken from is kept with it, as the Responses API has it, and not sent back', async () => {
    const cited = { url: 'https://example.org/a', title: 'A', cited_text: 'Boats float.' };
    const citation = { type: 'web_search_result_location', encrypted_index: 'x', ...cited };
    const page = { type: 'page_location', document_index: 0 };
    const block: Block = [
      ...text('Boats ', 'float.'),
      ...[citation, page, 7, {}].map((one) => ({ type: 'citations_delta', citation: one })),
    ];
    const events = await decoded(answer([block, text('More.')]));
    const annotation = { type: 'url_citation', start_index: 0, end_index: 12, ...cited };
    const [first, second] = itemsOf(events);
    expect(first).toMatchObject({ content: [{ text: 'Boats float.', annotations: [annotation, page] }] });
    expect(second).toEqual(said('More.'));

    const sent = await messagesFor([userMessage('go'), ...itemsOf(events), userMessage('and?')]);
    expect(JSON.stringify(sent)).not.toMatch(/example\.org|citation/);
  });

  test.each(['end_turn', 'stop_sequence', 'tool_use', 'from_the_future'])('%s completes', async (reason) => {
    expect((await decoded(answer([text('ok')], reason))).at(-1)).toEqual(completed);
  });

  test('pause_turn completes, and says that the model continues', async () => {
    expect((await decoded(answer([text('so far')], 'pause_turn'))).at(-1)).toEqual({ ...completed, goesOn: true });
  });

  test('a refusal is reported in the place of the answer', async () => {
    const details = { stop_reason: 'refusal', stop_details: { type: 'refusal', explanation: 'Not this.' } };
    const body = sse(started, ...blockEvents(text('Well')), { type: 'message_delta', delta: details }, stopped);
    const events = await decoded(body);

    expect(itemsOf(events)).toEqual([
      said('Well'),
      said('[The provider ended this answer: the model refuses to go on. Not this.]'),
    ]);
    expect(events.at(-1)).toEqual(completed);
  });
});
