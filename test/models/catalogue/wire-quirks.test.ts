import { describe, expect, test } from 'vitest';
import type { ResponseItem } from '../../../src/foundation/protocol/index.ts';
import { knownQuirks, NO_HOST, type WireQuirks } from '../../../src/models/catalogue/wire-quirks.ts';
import { bodyOf, clientFor } from '../wires/conformance/support.ts';

const NO_QUIRKS = knownQuirks(NO_HOST, '');

const user: ResponseItem = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'go' }] };
const call: ResponseItem = { type: 'function_call', call_id: 'c', name: 'shell', arguments: '{}' };
const output: ResponseItem = { type: 'function_call_output', call_id: 'c', output: 'ok' };
const tool = {
  type: 'function',
  name: 'shell',
  description: '',
  strict: false,
  parameters: { type: 'object', properties: {} },
} as const;

function chatBody(quirks: Partial<WireQuirks>, input: readonly ResponseItem[], more: object = {}) {
  const client = clientFor({ api: 'chat', provider: 'p', model: 'm', quirks });
  return JSON.parse(bodyOf(client, { input, tools: [tool], ...more }));
}

describe('what is known of a server', () => {
  test.each([
    [
      'https://api.mistral.ai/v1',
      'mistral-medium',
      { streamOptions: 'omitted', roles: 'alternating', callIds: 'nine' },
    ],
    ['https://api.moonshot.ai/v1', 'kimi-k2.5', { reasoningField: 'required' }],
    ['https://api.openai.com/v1', 'o3', { parallelToolCalls: 'omitted' }],
    ['https://generativelanguage.googleapis.com/v1beta/openai', 'gemini-3-pro', { callSignature: 'required' }],
    ['https://example.com/v1', 'openai/o4-mini', { parallelToolCalls: 'omitted' }],
    ['https://api.mistral.ai.example.com/v1', 'x', {}],
    ['no url', 'gpt-5', {}],
  ])('%s with %s', (baseUrl, model, expected) => {
    expect(knownQuirks({ id: '', baseUrl }, model)).toEqual({ ...NO_QUIRKS, ...expected });
  });

  test('goes with the id of a built-in provider to another address', () => {
    expect(knownQuirks({ id: 'deepseek', baseUrl: 'http://gateway/v1' }, 'deepseek-reasoner')).toEqual({
      ...NO_QUIRKS,
      ...{ outputSchema: 'omitted', reasoningField: 'required' },
    });
  });

  test('decides what a request says', () => {
    const all = chatBody({}, [user], { toolChoice: 'none' });
    expect(all).toMatchObject({
      stream_options: { include_usage: true },
      tool_choice: 'none',
      parallel_tool_calls: false,
    });
    const less = chatBody(
      { streamOptions: 'omitted', toolChoiceNone: 'omitted', parallelToolCalls: 'omitted' },
      [user],
      {
        toolChoice: 'none',
      },
    );
    expect(Object.keys(less)).toEqual(['model', 'messages', 'stream', 'tools']);
    expect(chatBody({ systemRole: 'user' }, [user]).messages.map((one: { role: string }) => one.role)).toEqual([
      ...['user', 'assistant', 'user'],
    ]);
    const [, , called, result] = chatBody({ callIds: 'nine', callSignature: 'required', reasoningField: 'required' }, [
      ...[user, call, output],
    ]).messages;
    expect(called.tool_calls[0]).toMatchObject({
      id: expect.stringMatching(/^[a-z0-9]{9}$/),
      extra_content: { google: { thought_signature: 'skip_thought_signature_validator' } },
    });
    expect(called.reasoning_content).toBe(' ');
    expect(result.tool_call_id).toBe(called.tool_calls[0].id);
  });

  test('may change between two requests of a client: the whole of the next one has the new form', () => {
    let quirks: WireQuirks = NO_QUIRKS;
    const client = clientFor({ api: 'chat', provider: 'p', model: 'm' }, undefined, () => quirks);
    const input = [user, user, call, output, user];
    const rolesOf = () => JSON.parse(bodyOf(client, { input })).messages.map((one: { role: string }) => one.role);
    expect(rolesOf()).toEqual(['system', 'user', 'user', 'assistant', 'tool', 'user']);
    quirks = { ...quirks, roles: 'alternating' };
    expect(rolesOf()).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'user']);
  });
});
