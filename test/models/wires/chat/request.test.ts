import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { collect, failureOf, loopback, promptOf, respond } from '../../support.ts';
import { body, chatAt, chunk, origin, requestsFor } from './support.ts';

const user = (text: string): ResponseItem => ({
  type: 'message',
  role: 'user',
  content: [{ type: 'input_text', text }],
});
const said = (text: string): ResponseItem => ({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'output_text', text }],
});
const call = (id: string, name = 'shell', args = '{}'): ResponseItem => ({
  type: 'function_call',
  name,
  arguments: args,
  call_id: id,
});
const output = (id: string, text = 'ok'): ResponseItem => ({ type: 'function_call_output', call_id: id, output: text });
const thought = (
  field: 'reasoning' | 'reasoning_content',
  text: string,
  provider: string = origin.provider,
): ResponseItem => ({
  type: 'reasoning',
  summary: [],
  content: [{ type: 'reasoning_text', text }],
  origin: { ...origin, provider, field },
});

async function messagesFor(...input: ResponseItem[]): Promise<Record<string, unknown>[]> {
  const [sent = ''] = await requestsFor(promptOf({ input }));
  return JSON.parse(sent).messages.slice(1);
}

describe('a request of the Chat Completions API', () => {
  test('goes to its endpoint with a key, and says no more than it has to', async () => {
    const server = await loopback((response) => respond(response, body(chunk({ content: 'x' }, 'stop'), '[DONE]')));
    await collect(chatAt(server.baseUrl), promptOf({ input: [user('hi')] }));
    const [request] = server.requests;
    expect(request?.url).toMatch(/\/chat\/completions$/);
    expect(request?.headers['authorization']).toBe('Bearer test-key-123');
    expect(request?.headers).not.toHaveProperty('conversation_id');
    const sent = JSON.parse(request?.body ?? '');
    expect(Object.keys(sent)).toEqual(['model', 'messages', 'stream', 'stream_options']);
    expect(sent.messages).toEqual([
      { role: 'system', content: expect.any(String) },
      { role: 'user', content: 'hi' },
    ]);
    expect(sent.stream_options).toEqual({ include_usage: true });
  });

  test('makes one message of calls that follow each other and the text before them', async () => {
    expect(
      await messagesFor(
        user('go'),
        said('Now.'),
        call('a'),
        call('b'),
        output('a'),
        output('b'),
        call('c'),
        output('c'),
      ),
    ).toMatchObject([
      { role: 'user' },
      { role: 'assistant', content: 'Now.', tool_calls: [{ id: 'a' }, { id: 'b' }] },
      { role: 'tool', tool_call_id: 'a', content: 'ok' },
      { role: 'tool', tool_call_id: 'b', content: 'ok' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'shell', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c' },
    ]);
  });

  test('sends a thought back in the field in which it came, and nobody else’s', async () => {
    const messages = await messagesFor(
      user('go'),
      thought('reasoning_content', 'mine'),
      call('a'),
      output('a'),
      thought('reasoning', 'foreign', 'other'),
      { type: 'reasoning', summary: [], content: null, encrypted_content: 'blob' },
      said('done'),
    );
    expect(messages[1]).toMatchObject({ role: 'assistant', reasoning_content: 'mine', tool_calls: [{ id: 'a' }] });
    expect(messages.at(-1)).toEqual({ role: 'assistant', content: 'done' });
    expect(JSON.stringify(messages)).not.toMatch(/foreign|blob/);
  });

  test('a thought between a text and its call goes with the call, and two thoughts in a row are one', async () => {
    const messages = await messagesFor(
      user('go'),
      said('Now.'),
      thought('reasoning_content', 'h'),
      thought('reasoning_content', 'm'),
      call('a'),
      output('a'),
      said('done'),
    );
    expect(messages.slice(1)).toMatchObject([
      { role: 'assistant', content: 'Now.' },
      { role: 'assistant', content: null, reasoning_content: 'hm', tool_calls: [{ id: 'a' }] },
      { role: 'tool', tool_call_id: 'a' },
      { role: 'assistant', content: 'done' },
    ]);
    expect(messages.at(-1)).not.toHaveProperty('reasoning_content');
  });

  test('sends freeform tools as functions of one text, their calls too, and leaves out what runs elsewhere', async () => {
    const format = { type: 'grammar', syntax: 'lark', definition: 'start: "x"' } as const;
    const tools = [
      { type: 'custom', name: 'apply_patch', description: 'patches', format },
      { type: 'web_search' },
      {
        type: 'function',
        name: 'shell',
        description: 'runs',
        strict: false,
        parameters: { type: 'object', properties: {} },
      },
    ] as const;
    const input: ResponseItem[] = [
      user('go'),
      { type: 'custom_tool_call', call_id: 'p', name: 'apply_patch', input: 'a "patch"' },
      { type: 'custom_tool_call_output', call_id: 'p', output: 'applied' },
    ];
    const [sent = ''] = await requestsFor(promptOf({ input, tools, parallelToolCalls: false }));
    const request = JSON.parse(sent);
    expect(request.tools.map((tool: { function: { name: string } }) => tool.function.name)).toEqual([
      'apply_patch',
      'shell',
    ]);
    expect(request.tools[0].function.parameters).toMatchObject({
      required: ['input'],
      properties: { input: { type: 'string' } },
    });
    expect(request.parallel_tool_calls).toBe(false);
    expect(JSON.parse(request.messages[2].tool_calls[0].function.arguments)).toEqual({ input: 'a "patch"' });
  });

  test('asks for an output in the form of a schema', async () => {
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };
    const [sent = ''] = await requestsFor(promptOf({ outputSchema: schema }));
    expect(JSON.parse(sent).response_format).toMatchObject({
      type: 'json_schema',
      json_schema: { strict: true, schema },
    });
  });

  test('sends pictures as parts, and as a text to a model that takes none', async () => {
    const picture: ResponseItem = {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'see' },
        { type: 'input_image', image_url: 'data:image/png;base64,AA==' },
      ],
    };
    const [message] = await messagesFor(picture);
    expect(message).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'see' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
      ],
    });
  });

  test('extends the one before byte for byte up to the end of its messages', async () => {
    const inputs: ResponseItem[][] = [[user('go')]];
    const more: ResponseItem[][] = [
      [thought('reasoning_content', 'hm'), said('Now.'), call('a'), output('a', 'one')],
      [call('b'), output('b', 'two'), call('c'), output('c', 'three')],
      [said('done'), user('and now?')],
    ];
    for (const items of more) inputs.push([...(inputs.at(-1) ?? []), ...items]);
    const sent = await requestsFor(...inputs.map((input) => promptOf({ input })));
    for (const [at, later] of sent.slice(1).entries()) {
      const before = (sent[at] ?? '').split('],"stream"')[0] ?? '';
      expect(before.length).toBeGreaterThan(50);
      expect(later.startsWith(before)).toBe(true);
    }
  });

  test('says the same whatever was sent before it', async () => {
    const start = [user('go'), call('a'), output('a', 'one')];
    const inputs = [
      start,
      [...start, said('done')],
      [...start, said('done'), call('b'), output('b', 'two')],
      [user('a handover'), user('and now?')],
      [user('a handover')],
    ];
    const inARow = await requestsFor(...inputs.map((input) => promptOf({ input })));
    for (const [at, input] of inputs.entries()) expect([inARow[at]]).toEqual(await requestsFor(promptOf({ input })));
  });

  test('is written without the wish for usage once a server has refused that', async () => {
    let refused = 0;
    const server = await loopback((response, request) => {
      if (!request.body.includes('stream_options'))
        return respond(response, body(chunk({ content: 'x' }, 'stop'), '[DONE]'));
      refused += 1;
      response.writeHead(400, { 'content-type': 'application/json' });
      return response.end(
        JSON.stringify({ error: { message: 'unknown field stream_options', type: 'invalid_request_error' } }),
      );
    });
    const client = chatAt(server.baseUrl);
    expect(await failureOf(collect(client))).toMatchObject({ retryable: true, httpStatus: 400 });
    expect((await collect(client)).at(-1)?.type).toBe('completed');
    expect(refused).toBe(1);
  });
});
