import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import type { FunctionToolSpec, ToolSpec } from '../../../../src/models/prompt/index.ts';
import { itemJson } from '../../../../src/models/wires/responses/index.ts';
import {
  assistantMessage,
  clientOf,
  collect,
  completed,
  loopback,
  promptOf,
  providerAt,
  respond,
  sentBody,
  sse,
  userMessage,
} from '../../support.ts';

const shellTool: FunctionToolSpec = {
  type: 'function',
  name: 'shell',
  description: 'Runs a command.',
  strict: false,
  parameters: { type: 'object', properties: {}, required: ['command'], additionalProperties: false },
};
const reasoning: ResponseItem = {
  type: 'reasoning',
  id: 'rs_1',
  summary: [{ type: 'summary_text', text: '**Thinking**' }],
  encrypted_content: 'gAAAB3x',
};
const call: ResponseItem = {
  type: 'function_call',
  id: 'fc_1',
  name: 'shell',
  arguments: '{"command": ["ls"]}',
  call_id: 'call_1',
};
const output: ResponseItem = { type: 'function_call_output', call_id: 'call_1', output: 'a\nb\n' };
const plain = { withIds: false, withImages: true };

/** An item as it is sent. */
function sentForm(item: ResponseItem, options: Parameters<typeof itemJson>[1]): unknown {
  return JSON.parse(itemJson(item, options) ?? 'null');
}

describe('request body', () => {
  test('model 1: the first request has exactly the always-fields, in wire order', async () => {
    const body = await sentBody(promptOf({ tools: [shellTool] }));

    expect(Object.keys(body)).toEqual([
      'model',
      'instructions',
      'input',
      'tools',
      'tool_choice',
      'parallel_tool_calls',
      'reasoning',
      'store',
      'stream',
      'include',
      'prompt_cache_key',
    ]);
    expect(body).toEqual({
      model: 'gpt-5-codex',
      instructions: 'You are keel.',
      input: [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] }],
      tools: [shellTool],
      tool_choice: 'auto',
      parallel_tool_calls: false,
      reasoning: { summary: 'auto' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: '0199c0de-7f60-7abc-8def-001122334455',
    });
  });

  test('model 2: the follow-up input is the first plus the new items, without ids and status', async () => {
    const message = { ...assistantMessage('I will look.'), id: 'msg_1', status: 'completed' };
    const first = promptOf();
    const second = promptOf({ input: [...first.input, reasoning, message, call, output] });

    const before = await sentBody(first);
    const after = await sentBody(second);

    expect(after['input']).toEqual([
      ...(before['input'] as unknown[]),
      {
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: '**Thinking**' }],
        content: null,
        encrypted_content: 'gAAAB3x',
      },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'I will look.' }] },
      { type: 'function_call', name: 'shell', arguments: '{"command": ["ls"]}', call_id: 'call_1' },
      { type: 'function_call_output', call_id: 'call_1', output: 'a\nb\n' },
    ]);
  });

  test('model 3: reasoning with encrypted content only is sent with null content and the same blob', () => {
    const item: ResponseItem = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAB3x' };

    expect(itemJson(item, plain)).toBe(
      '{"type":"reasoning","summary":[],"content":null,"encrypted_content":"gAAAB3x"}',
    );
  });

  test('model 3: raw reasoning is sent back, plain reasoning text is not', () => {
    const raw: ResponseItem = { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] };
    const text: ResponseItem = { type: 'reasoning', summary: [], content: [{ type: 'text', text: 'hm' }] };

    expect(sentForm(raw, plain)).toEqual({ ...raw, encrypted_content: null });
    expect(sentForm(text, plain)).toEqual({ type: 'reasoning', summary: [], encrypted_content: null });
  });

  test('model 4: all reasoning items of the input are sent', async () => {
    const second: ResponseItem = { ...reasoning, id: 'rs_2', encrypted_content: 'gBBB' };
    const body = await sentBody(promptOf({ input: [userMessage('go'), reasoning, call, output, second] }));

    expect((body['input'] as { type: string }[]).filter((item) => item.type === 'reasoning')).toHaveLength(2);
  });

  test('model 5: a family without reasoning gets null and no include', async () => {
    const body = await sentBody(promptOf(), { model: modelInfo('gpt-4.1'), effort: 'high' });

    expect(body).toMatchObject({ reasoning: null, include: [] });
  });

  test('a chosen effort is sent before the summary, and a summary of none is left out', async () => {
    const chosen = await sentBody(promptOf(), { effort: 'high', summary: 'detailed' });
    const silent = await sentBody(promptOf(), { effort: 'low', summary: 'none' });

    expect(JSON.stringify(chosen['reasoning'])).toBe('{"effort":"high","summary":"detailed"}');
    expect(silent['reasoning']).toEqual({ effort: 'low' });
  });

  test('model 6: verbosity goes only to families that take it, and the user is warned of the others', async () => {
    const provider = providerAt('http://127.0.0.1:9/v1');
    const taken = await sentBody(promptOf(), { model: modelInfo('gpt-5'), verbosity: 'low' });
    const dropped = await sentBody(promptOf(), { model: modelInfo('gpt-4.1'), verbosity: 'low' });

    expect(taken['text']).toEqual({ verbosity: 'low' });
    expect(dropped).not.toHaveProperty('text');
    expect(clientOf(provider, { model: modelInfo('gpt-5'), verbosity: 'low' }).warnings).toEqual([]);
    expect(clientOf(provider, { model: modelInfo('gpt-4.1'), verbosity: 'low' }).warnings).toEqual([
      'The model "gpt-4.1" takes no verbosity; "low" is not sent.',
    ]);
  });

  test('model 6: an output schema is sent verbatim and strict', async () => {
    const schema = { type: 'object', properties: { b: { type: 'string' }, a: { type: 'number' } }, 'x-own': [1] };
    const body = await sentBody(promptOf({ outputSchema: schema }));

    expect(JSON.stringify(body['text'])).toBe(
      `{"format":{"type":"json_schema","strict":true,"schema":${JSON.stringify(schema)},"name":"keel_output_schema"}}`,
    );
  });

  test('model 7: Azure stores, and gets the ids of the six item types back as their last key', async () => {
    const items: ResponseItem[] = [
      reasoning,
      { ...assistantMessage('x'), id: 'msg_1' },
      { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
      call,
      {
        type: 'local_shell_call',
        id: 'ls_1',
        call_id: 'c2',
        status: 'completed',
        action: { type: 'exec', command: ['ls'] },
      },
      { type: 'custom_tool_call', id: 'ct_1', call_id: 'c3', name: 'apply_patch', input: 'p' },
      { ...assistantMessage('no id'), id: '' },
      output,
    ];
    const body = await sentBody(promptOf({ input: items }), {}, { name: 'Azure' });

    const sent = body['input'] as { id?: string }[];
    expect(body['store']).toBe(true);
    expect(sent.map((item) => item.id)).toEqual([
      'rs_1',
      'msg_1',
      'ws_1',
      'fc_1',
      'ls_1',
      'ct_1',
      undefined,
      undefined,
    ]);
    expect(Object.keys(sent[0] ?? {}).at(-1)).toBe('id');
  });

  test.each([
    ['https://corp.openai.azure.com/openai', true],
    ['https://x.COGNITIVESERVICES.azure.com', true],
    ['https://gate.azure-api.net/v1', true],
    ['https://x.azurefd.net/v1', true],
    ['https://x.azurewebsites.net/v1', false],
    ['https://api.openai.com/v1', false],
  ])('model 7: %s counts as Azure: %s', (baseUrl, isAzure) => {
    const { body } = clientOf(providerAt(baseUrl)).describe(promptOf());

    expect(JSON.parse(body).store).toBe(isAzure);
  });

  test('model 11: two requests of a conversation are equal but for what was appended to the input', async () => {
    const server = await loopback((response) => respond(response, sse(completed)));
    const client = clientOf(providerAt(server.baseUrl));
    const first = promptOf({ tools: [shellTool] });
    await collect(client, first);
    await collect(client, { ...first, input: [...first.input, call, output] });

    const [one = '', two = ''] = server.requests.map((request) => request.body);
    const prefix = one.slice(0, one.indexOf('],"tools":'));
    expect(two.startsWith(`${prefix},`)).toBe(true);
    expect(two.slice(two.indexOf('],"tools":'))).toBe(one.slice(one.indexOf('],"tools":')));
  });

  test('a compaction request keeps the tools and forbids their use', async () => {
    const body = await sentBody(promptOf({ tools: [shellTool], toolChoice: 'none' }));

    expect(body).toMatchObject({ tool_choice: 'none', tools: [shellTool] });
  });

  test('a freeform tool is sent with the fields of its kind only', async () => {
    const custom = {
      type: 'custom' as const,
      name: 'apply_patch',
      description: 'Edits files.',
      format: { type: 'grammar' as const, syntax: 'lark' as const, definition: 'start: "x"' },
      note: 'not for the wire',
    };
    const body = await sentBody(promptOf({ tools: [custom, { type: 'web_search' }] }));

    const { note: _, ...sent } = custom;
    expect(body['tools']).toEqual([sent, { type: 'web_search' }]);
  });

  test('absent optionals of a local shell call are sent as null', () => {
    const item: ResponseItem = {
      type: 'local_shell_call',
      call_id: 'c1',
      status: 'completed',
      action: { type: 'exec', command: ['ls'] },
    };

    expect(sentForm(item, plain)).toEqual({
      ...item,
      action: { ...item.action, timeout_ms: null, working_directory: null, env: null, user: null },
    });
  });

  test('ghost snapshots are never sent', async () => {
    const ghost: ResponseItem = {
      type: 'ghost_snapshot',
      ghost_commit: { id: 'abc', preexisting_untracked_files: [], preexisting_untracked_dirs: [] },
    };
    const body = await sentBody(promptOf({ input: [userMessage('a'), ghost, userMessage('b')] }));

    expect(body['input']).toHaveLength(2);
  });

  test('a model without sight gets a text where an image was', async () => {
    const withImage: ResponseItem = {
      type: 'message',
      role: 'user',
      content: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }],
    };
    const body = await sentBody(promptOf({ input: [withImage] }), { model: modelInfo('gpt-oss-20b') });

    expect(body['input']).toEqual([
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: '[an image was here; this model takes no images]' }],
      },
    ]);
  });

  test('an item is written once for a thread, whatever happens to it later', () => {
    const client = clientOf(providerAt('http://127.0.0.1:9/v1'));
    const item = userMessage('first');
    const before = client.describe(promptOf({ input: [item] })).body;
    item.content = [{ type: 'input_text', text: 'second' }];

    expect(client.describe(promptOf({ input: [item] })).body).toBe(before);
  });

  test('the text of an item equals plain JSON of its sent form', () => {
    const text = fc.string({ unit: 'binary' });
    const anyItem = fc.oneof(
      text.map(userMessage),
      text.map((value): ResponseItem => ({ ...call, type: 'function_call', arguments: value })),
      text.map((value): ResponseItem => ({ type: 'function_call_output', call_id: value, output: value })),
      fc.option(text).map((blob): ResponseItem => ({ ...reasoning, type: 'reasoning', encrypted_content: blob })),
    );
    const options = fc.record({ withIds: fc.boolean(), withImages: fc.boolean() });
    fc.assert(
      fc.property(anyItem, options, (item, form) => {
        const json = itemJson(item, form);
        expect(json).toBe(JSON.stringify(sentForm(item, form)));
      }),
    );
  });

  test('the body equals plain JSON of its parts', () => {
    const client = clientOf(providerAt('http://127.0.0.1:9/v1'));
    const input = [userMessage('"quotes" and \u2028 and é'), reasoning, call, output];
    const { body } = client.describe(promptOf({ input, tools: [shellTool] }));

    expect(body).toBe(JSON.stringify(JSON.parse(body)));
    expect(JSON.parse(body).input).toEqual(input.map((item) => sentForm(item, plain)));
  });

  test('a client that has sent a thread for long sends what a fresh one would, whatever became of its beginning', () => {
    const patch: ToolSpec = {
      type: 'custom',
      name: 'apply_patch',
      description: 'Edits files.',
      format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
    };
    const shellResult = JSON.stringify({ output: 'ä\n', metadata: { exit_code: 0, duration_seconds: 0.1 } });
    const pair = (id: string): ResponseItem[] => [
      { type: 'function_call', name: 'shell', arguments: '{}', call_id: id },
      { type: 'function_call_output', call_id: id, output: shellResult },
    ];
    const snapshot: ResponseItem = {
      type: 'ghost_snapshot',
      ghost_commit: { id: 'c', preexisting_untracked_files: [], preexisting_untracked_dirs: [] },
    };
    const added = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 9 }).map((text) => [userMessage(text)]),
      fc.stringMatching(/^c[0-3]$/).map(pair),
      fc.constant([snapshot]),
    );
    const change = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('add'), items: added, at: fc.nat(9) }) },
      {
        weight: 1,
        arbitrary: fc.record({ kind: fc.constantFrom('cut', 'replace', 'tools'), items: added, at: fc.nat(9) }),
      },
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const long = clientOf(providerAt('http://127.0.0.1:9/v1'));
        let input: ResponseItem[] = [];
        let tools: ToolSpec[] = [patch];
        for (const { kind, items, at } of changes) {
          if (kind === 'add') input = [...input, ...items];
          else if (kind === 'cut') input = input.toSpliced(at, 1);
          else if (kind === 'replace') input = input.toSpliced(at, 1, ...items);
          else tools = tools.length === 0 ? [patch] : [];
          const prompt = promptOf({ input, tools });
          const fresh = clientOf(providerAt('http://127.0.0.1:9/v1'));
          expect(long.describe(prompt).body).toBe(fresh.describe(prompt).body);
        }
      }),
    );
  });
});
