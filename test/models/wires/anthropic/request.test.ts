import { describe, expect, test } from 'vitest';
import { modelInfo } from '../../../../src/models/catalogue/index.ts';
import type { Prompt } from '../../../../src/models/prompt/index.ts';
import type { ModelClientOptions } from '../../support.ts';
import { collect, promptOf, streaming, userMessage } from '../../support.ts';
import { answer, claudeAt, MODEL, text } from './support.ts';

type Changes = Partial<Omit<ModelClientOptions, 'provider'>>;

async function sent(
  prompt: Partial<Prompt> = {},
  changes: Changes = {},
  provider: Parameters<typeof claudeAt>[2] = {},
) {
  const server = await streaming(answer([text('ok')]));
  const client = claudeAt(server.baseUrl, changes, provider);
  await collect(client, promptOf(prompt));
  const [request] = server.requests;
  if (request === undefined) throw new Error('nothing was sent');
  return { client, request, body: JSON.parse(request.body) };
}

const tool = {
  type: 'function' as const,
  name: 'shell',
  description: 'Runs.',
  strict: false,
  parameters: { type: 'object' },
};
const ofModel = (slug: string, more: Changes = {}): Changes => ({ model: modelInfo(slug), ...more });

describe('a request of the Messages API', () => {
  test('has exactly these fields', async () => {
    const { body } = await sent({ tools: [tool] });

    expect(body).toEqual({
      model: MODEL,
      max_tokens: 128_000,
      stream: true,
      thinking: { type: 'adaptive', display: 'summarized' },
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      system: [{ type: 'text', text: 'You are keel.', cache_control: { type: 'ephemeral' } }],
      tools: [
        { name: 'shell', description: 'Runs.', input_schema: { type: 'object' }, cache_control: { type: 'ephemeral' } },
      ],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hello', cache_control: { type: 'ephemeral' } }] }],
    });
  });

  test('names its key and the version of the API, and no bearer', async () => {
    const { request } = await sent();

    expect(request.url).toBe('/v1/messages');
    expect(request.headers).toMatchObject({
      'x-api-key': 'test-key-123',
      'anthropic-version': '2023-06-01',
      accept: 'text/event-stream',
      'content-type': 'application/json',
      'codex-task-type': 'regular',
    });
    expect(request.headers).not.toHaveProperty('authorization');
  });

  test.each([
    ['', '/v1/messages'],
    ['/', '/v1/messages'],
    ['/v1', '/v1/messages'],
    ['/v1/', '/v1/messages'],
    ['/api/anthropic', '/api/anthropic/v1/messages'],
  ])('a base URL that ends in "%s" leads to %s', async (path, url) => {
    const server = await streaming(answer([text('ok')]));
    const base = server.baseUrl.replace(/\/v1$/, path);
    await collect(claudeAt(base, {}, { queryParams: { beta: 'a b' } }));

    expect(server.requests[0]?.url).toBe(`${url}?beta=a+b`);
  });

  test('a literal token is a bearer', async () => {
    const { request } = await sent({}, {}, { bearerToken: 'tok-1234' });

    expect(request.headers).toMatchObject({ authorization: 'Bearer test-key-123' });
    expect(request.headers).not.toHaveProperty('x-api-key');
  });

  test('without tools there is no tool choice, and parallel calls need no word', async () => {
    expect((await sent()).body).not.toHaveProperty('tool_choice');
    expect((await sent({ tools: [tool], parallelToolCalls: true })).body.tool_choice).toEqual({ type: 'auto' });
  });

  test('a freeform tool is a function of one text; what runs elsewhere is not offered', async () => {
    const { body } = await sent({
      tools: [
        {
          type: 'custom',
          name: 'apply_patch',
          description: 'Edits.',
          format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
        },
        { type: 'local_shell' },
        { type: 'web_search' },
      ],
    });

    expect(body.tools).toEqual([
      {
        name: 'apply_patch',
        description: 'Edits.',
        input_schema: {
          type: 'object',
          properties: { input: { type: 'string', description: expect.stringContaining('start: "x"') } },
          required: ['input'],
          additionalProperties: false,
        },
      },
      { type: 'web_search_20250305', name: 'web_search', cache_control: { type: 'ephemeral' } },
    ]);
  });

  test('an output schema goes along as it is', async () => {
    const schema = { type: 'object', properties: {}, required: [], additionalProperties: false };

    expect((await sent({ outputSchema: schema }, { effort: 'high' })).body.output_config).toEqual({
      effort: 'high',
      format: { type: 'json_schema', schema },
    });
  });

  test.each([
    ['claude-opus-4-7', null, { thinking: { type: 'adaptive', display: 'summarized' }, max_tokens: 128_000 }],
    ['claude-sonnet-5', 'max', { output_config: { effort: 'max' } }],
    ['claude-fable-5-1', 'minimal', { output_config: { effort: 'low' } }],
    ['claude-from-the-future', 'low', { thinking: { type: 'adaptive', display: 'summarized' }, max_tokens: 64_000 }],
    ['claude-sonnet-4-5-20250929', null, { thinking: { type: 'enabled', budget_tokens: 12_288 }, max_tokens: 64_000 }],
    ['claude-haiku-4-5', 'low', { thinking: { type: 'enabled', budget_tokens: 4_096 } }],
    ['claude-opus-4-1', 'max', { thinking: { type: 'enabled', budget_tokens: 15_904 }, max_tokens: 20_000 }],
  ])('%s at effort %s', async (slug, effort, fields) => {
    expect((await sent({}, ofModel(slug, { effort }))).body).toMatchObject(fields);
  });

  test.each([
    ['claude-sonnet-4-5', 'minimal'],
    ['claude-3-5-haiku', 'high'],
    ['glm-4.6', null],
  ])('%s at effort %s does not think', async (slug, effort) => {
    const { body } = await sent({}, ofModel(slug, { effort }));

    expect(body).not.toHaveProperty('thinking');
    expect(body).not.toHaveProperty('output_config');
    expect(body.max_tokens).toBeGreaterThan(4_096);
  });

  test('the user can tell whether a model thinks, and how long an answer may be', async () => {
    const silent = modelInfo(MODEL, { supportsReasoningSummaries: false });
    const thinker = modelInfo('glm-4.6', { supportsReasoningSummaries: true, maxOutputTokens: 9_000 });

    expect((await sent({}, { model: silent })).body).not.toHaveProperty('thinking');
    expect((await sent({}, { model: thinker })).body).toMatchObject({
      thinking: { type: 'enabled', budget_tokens: 4_904 },
      max_tokens: 9_000,
    });
  });

  test('without a wish for summaries the text of thoughts is left out', async () => {
    expect((await sent({}, { summary: 'none' })).body.thinking).toEqual({ type: 'adaptive', display: 'omitted' });
  });

  test('settings that the API does not know are reported', () => {
    const warnings = (slug: string, more: Changes) => claudeAt('http://127.0.0.1:9', ofModel(slug, more)).warnings;

    expect(warnings(MODEL, { effort: 'high' })).toEqual([]);
    expect(warnings('claude-3-5-haiku', { effort: 'high' })).toEqual([expect.stringContaining('"high" is not sent')]);
    expect(warnings(MODEL, { verbosity: 'low' })).toEqual([expect.stringContaining('"low" is not sent')]);
  });

  test('what people are shown of a request holds no key', async () => {
    const { client } = await sent();
    const described = client.describe(promptOf());

    expect(described.headers).toMatchObject({ 'x-api-key': '***', 'anthropic-version': '2023-06-01' });
    expect(JSON.stringify(described)).not.toContain('test-key-123');
    expect(JSON.parse(described.body)).toMatchObject({ model: MODEL });
  });

  test('two requests of a thread have equal fingerprints where they are equal', async () => {
    const { client } = await sent();
    const input = [userMessage('one'), userMessage('two')];
    const first = client.fingerprint(promptOf({ input: input.slice(0, 1) }));
    const second = client.fingerprint(promptOf({ input }));

    expect(first).toMatchObject({ kept: 0, items: [expect.any(String)] });
    expect(second).toMatchObject({ cut: 0, kept: 1, items: [expect.any(String)] });
    expect([second.tools, second.instructions, second.options]).toEqual([
      first.tools,
      first.instructions,
      first.options,
    ]);
    expect(client.inputOf(promptOf({ input }))).toHaveLength(2);
  });
});
