import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import { assistantMessage, userMessage } from '../../support.ts';
import { answer, bodiesFor, decoded, itemsOf, MODEL, messagesFor, origin, text, thinking, toolUse } from './support.ts';

const GO_ON = { role: 'user', content: [{ type: 'text', text: 'Go on from where you stopped.' }] };
const user = (value: string) => ({ role: 'user', content: [{ type: 'text', text: value }] });
const call = (call_id: string, name = 'shell', args = '{}', id?: string): ResponseItem => ({
  type: 'function_call',
  ...(id === undefined ? {} : { id }),
  name,
  arguments: args,
  call_id,
});
const output = (call_id: string, value = `result of ${call_id}`): ResponseItem => ({
  type: 'function_call_output',
  call_id,
  output: value,
});
const use = (id: string, name = 'shell', input: unknown = {}) => ({ type: 'tool_use', id, name, input });
const result = (id: string, content: unknown = `result of ${id}`) => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
});

/** A history has each output behind its call. */
function asRecorded(items: readonly ResponseItem[]): ResponseItem[] {
  return items.flatMap((item) => (item.type === 'function_call' ? [item, output(item.call_id)] : [item]));
}

describe('items as messages', () => {
  test('model 32: a thought goes back with its signature before its calls, and all results stand in one message', async () => {
    const said = itemsOf(
      await decoded(
        answer(
          [
            thinking('I should look.', 'c2lnbmVk'),
            text('Looking.'),
            toolUse('toolu_a', 'shell', '{"command":', '["ls"]}'),
            toolUse('toolu_b', 'shell', '{"command":["pwd"]}'),
          ],
          'tool_use',
        ),
      ),
    );

    expect(await messagesFor([userMessage('hello'), ...asRecorded(said)])).toEqual([
      user('hello'),
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'I should look.', signature: 'c2lnbmVk' },
          { type: 'text', text: 'Looking.' },
          use('toolu_a', 'shell', { command: ['ls'] }),
          use('toolu_b', 'shell', { command: ['pwd'] }),
        ],
      },
      { role: 'user', content: [result('toolu_a'), result('toolu_b')] },
    ]);
  });

  test('calls of two responses in a row stay in two messages, though nothing is between them', async () => {
    const first = itemsOf(await decoded(answer([toolUse('toolu_a', 'shell')], 'tool_use')));
    const second = itemsOf(await decoded(answer([toolUse('toolu_b', 'shell')], 'tool_use')));

    expect(await messagesFor([userMessage('hello'), ...asRecorded([...first, ...second])])).toEqual([
      user('hello'),
      { role: 'assistant', content: [use('toolu_a')] },
      { role: 'user', content: [result('toolu_a')] },
      { role: 'assistant', content: [use('toolu_b')] },
      { role: 'user', content: [result('toolu_b')] },
    ]);
  });

  test('a thought between two calls of a response keeps its place', async () => {
    const said = itemsOf(
      await decoded(
        answer([toolUse('toolu_a', 'shell'), thinking('And now', 's'), toolUse('toolu_b', 'shell')], 'tool_use'),
      ),
    );
    const [, message] = await messagesFor([userMessage('hello'), ...asRecorded(said)]);

    expect(message?.content.map(({ type }) => type)).toEqual(['tool_use', 'thinking', 'tool_use']);
  });

  test('results come before what the user says meanwhile, in the same message', async () => {
    const [, , message] = await messagesFor([userMessage('a'), call('c1'), output('c1'), userMessage('b')]);

    expect(message).toEqual({ role: 'user', content: [result('c1'), { type: 'text', text: 'b' }] });
  });

  test('a redacted thought and one whose text was left out go back as they came', async () => {
    const redacted = [{ type: 'redacted_thinking', data: 'opaque' }] as const;
    const said = itemsOf(await decoded(answer([redacted, thinking('', 'only-signed'), text('done')])));
    const [, message] = await messagesFor([userMessage('a'), ...said, userMessage('b')]);

    expect(message?.content.slice(0, 2)).toEqual([
      { type: 'redacted_thinking', data: 'opaque' },
      { type: 'thinking', thinking: '', signature: 'only-signed' },
    ]);
  });

  test('thoughts of another model, another provider or another API are not sent', async () => {
    const thought = { type: 'reasoning' as const, summary: [], encrypted_content: 'x' };
    const field = 'thinking' as const;
    const foreign: ResponseItem[] = [
      thought,
      { ...thought, origin: { ...origin, model: 'claude-other', field } },
      { ...thought, origin: { ...origin, provider: 'elsewhere', field } },
      { ...thought, origin: { ...origin, field: 'reasoning' } },
    ];

    expect(await messagesFor([userMessage('a'), ...foreign, assistantMessage('b'), userMessage('c')])).toEqual([
      user('a'),
      { role: 'assistant', content: [{ type: 'text', text: 'b' }] },
      user('c'),
    ]);
  });

  test('a thought that nothing followed is left out: the API takes no message that ends with one', async () => {
    const cut = itemsOf(await decoded(answer([thinking('cut off here', 's')])));
    const next = itemsOf(await decoded(answer([thinking('again', 't'), text('done')])));

    expect(await messagesFor([userMessage('a'), ...cut])).toEqual([user('a')]);
    expect(await messagesFor([userMessage('a'), ...cut, ...next, userMessage('b')])).toEqual([
      user('a'),
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'again', signature: 't' },
          { type: 'text', text: 'done' },
        ],
      },
      user('b'),
    ]);
  });

  test('the model never has the first or the last word, nor two in a row', async () => {
    const one = itemsOf(await decoded(answer([text('one')])));
    const two = itemsOf(await decoded(answer([text('two')])));
    const said = (value: string) => ({ role: 'assistant', content: [{ type: 'text', text: value }] });

    expect(await messagesFor([...one])).toEqual([GO_ON, said('one'), GO_ON]);
    expect(await messagesFor([userMessage('a'), ...one, ...two])).toEqual([
      user('a'),
      said('one'),
      GO_ON,
      said('two'),
      GO_ON,
    ]);
    expect(await messagesFor([])).toEqual([GO_ON]);
  });

  test('items of a thread that began on the Responses API', async () => {
    const thread: ResponseItem[] = [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Be short.' }] },
      userMessage('go'),
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'foreign' },
      assistantMessage('I look.'),
      call('call_1', 'shell', '{"command":["ls"]}', 'fc_0a1b2c'),
      output('call_1'),
      { type: 'custom_tool_call', call_id: 'call_2', name: 'apply_patch', input: '*** Begin', id: 'ctc_1' },
      { type: 'custom_tool_call_output', call_id: 'call_2', output: 'done' },
      {
        type: 'local_shell_call',
        call_id: 'call_3',
        status: 'completed',
        action: { type: 'exec', command: ['ls'] },
      },
      output('call_3'),
      { type: 'web_search_call', id: 'ws_1', status: 'completed' },
      {
        type: 'ghost_snapshot',
        ghost_commit: { id: 'x', preexisting_untracked_files: [], preexisting_untracked_dirs: [] },
      },
      assistantMessage('All done.'),
      userMessage('thanks'),
    ];

    expect(await messagesFor(thread)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Be short.' },
          { type: 'text', text: 'go' },
        ],
      },
      {
        role: 'assistant',
        content: [{ type: 'text', text: 'I look.' }, use('call_1', 'shell', { command: ['ls'] })],
      },
      { role: 'user', content: [result('call_1')] },
      { role: 'assistant', content: [use('call_2', 'apply_patch', { input: '*** Begin' })] },
      { role: 'user', content: [result('call_2', 'done')] },
      { role: 'assistant', content: [use('call_3', 'local_shell', { type: 'exec', command: ['ls'] })] },
      { role: 'user', content: [result('call_3')] },
      { role: 'assistant', content: [{ type: 'text', text: 'All done.' }] },
      user('thanks'),
    ]);
  });

  test.each([
    ['', {}],
    ['  ', {}],
    ['{"a": 1}', { a: 1 }],
    ['[1]', { _raw: '[1]' }],
    ['{"a":', { _raw: '{"a":' }],
    ['null', { _raw: 'null' }],
  ])('arguments %j are sent as the object %j', async (args, input) => {
    const [, message] = await messagesFor([userMessage('a'), call('c', 'shell', args), output('c')]);

    expect(message?.content).toEqual([use('c', 'shell', input)]);
  });

  test('arguments nested beyond all measure do no harm', async () => {
    const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
    const { bodies } = await bodiesFor([[userMessage('a'), call('c', 'shell', deep), output('c')]]);

    expect(bodies[0]).toContain(`"input":${JSON.stringify({ _raw: deep })}`);
  });

  test('ids that the API does not take, or that a model used twice, become ids of their own, the same each time', async () => {
    const input = [
      userMessage('a'),
      ...['functions.shell:0', 'functions/shell:0', 'x'.repeat(100), 'c1', 'c1'].flatMap((id) => [
        call(id),
        output(id),
      ]),
    ];
    const ids = (messages: Awaited<ReturnType<typeof messagesFor>>) =>
      messages.flatMap(({ content }) => content.flatMap((block) => block['id'] ?? []));
    const results = (messages: Awaited<ReturnType<typeof messagesFor>>) =>
      messages.flatMap(({ content }) => content.flatMap((block) => block['tool_use_id'] ?? []));
    const messages = await messagesFor(input);

    expect(new Set(ids(messages)).size).toBe(5);
    expect(ids(messages)).toEqual(results(messages));
    for (const id of ids(messages)) expect(id).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    expect(ids(messages).slice(-2)).toEqual(['c1', 'c1_2']);
    expect(ids(await messagesFor(structuredClone(input)))).toEqual(ids(messages));
  });

  test('a call without an output is answered for, an output without a call is left out', async () => {
    const messages = await messagesFor([userMessage('a'), output('lost'), call('c1'), userMessage('b')]);

    expect(messages).toEqual([
      user('a'),
      { role: 'assistant', content: [use('c1')] },
      { role: 'user', content: [result('c1', 'aborted'), { type: 'text', text: 'b' }] },
    ]);
  });

  test('blank texts are left out', async () => {
    const blank: ResponseItem = { type: 'message', role: 'user', content: [{ type: 'input_text', text: ' \n' }] };

    expect(await messagesFor([userMessage('a'), blank, assistantMessage('\n\n'), call('c'), output('c', '')])).toEqual([
      user('a'),
      { role: 'assistant', content: [use('c')] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c' }] },
    ]);
  });

  test('images go as their data or their address, in messages and in results', async () => {
    const png = 'data:image/png;base64,AAAA';
    const part = (image_url: string) => ({ type: 'input_image' as const, image_url });
    const messages = await messagesFor([
      {
        type: 'message',
        role: 'user',
        content: [part(png), part('https://example.com/a.png'), part('data:image/tiff;base64,AA')],
      },
      call('c'),
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_text', text: 'see' }, part(png)] },
    ]);
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };

    expect(messages[0]?.content).toEqual([
      image,
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
      { type: 'text', text: '[an image was here, of a kind that this provider does not take]' },
    ]);
    expect(messages[2]?.content).toEqual([result('c', [{ type: 'text', text: 'see' }, image])]);
  });

  test('a model without eyes gets a text for an image', async () => {
    const input: ResponseItem[] = [
      { type: 'message', role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }] },
    ];
    const blind = { model: { ...modelInfo(MODEL), supportsImages: false } };

    expect(await messagesFor(input, {}, blind)).toEqual([user('[an image was here; this model takes no images]')]);
  });
});
