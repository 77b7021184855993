import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loopback, respond, sse } from '../../models/support.ts';
import { runKeel } from '../../support/keel.ts';
import { gitRepository, keelHome, type TempDir } from '../../support/temp-dir.ts';

let home: TempDir;
let repo: TempDir;
beforeEach(() => {
  home = keelHome();
  repo = gitRepository();
});
afterEach(() => {
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

type Said = { readonly text: string } | { readonly refusal: string };

const SCHEMA = {
  type: 'object',
  properties: { count: { type: 'integer' } },
  required: ['count'],
  additionalProperties: false,
};
const STRICT = { type: 'json_schema', strict: true, schema: SCHEMA };

/** How each API streams an answer, and where it wants the schema. */
const APIS: Readonly<
  Record<string, { answer: (said: Said) => string; schemaIn: (body: Json) => unknown; format: object }>
> = {
  responses: {
    answer(said) {
      const part = 'text' in said ? { type: 'output_text', ...said } : { type: 'refusal', ...said };
      const item = { type: 'message', id: 'm', role: 'assistant', content: [part] };
      const response = { id: 'r', status: 'completed', output: [item] };
      return sse({ type: 'response.output_item.done', item }, { type: 'response.completed', response });
    },
    schemaIn: ({ text }) => text,
    format: { format: { ...STRICT, name: expect.any(String) } },
  },
  chat: {
    answer(said) {
      const delta = 'text' in said ? { content: said.text } : { refusal: said.refusal };
      const chunk = { id: 'c', choices: [{ index: 0, delta, finish_reason: 'stop' }] };
      return `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
    },
    schemaIn: ({ response_format }) => response_format,
    format: { type: 'json_schema', json_schema: { name: expect.any(String), strict: true, schema: SCHEMA } },
  },
  anthropic: {
    answer(said) {
      const text = 'text' in said ? said.text : 'I can’t';
      const stop_details = 'refusal' in said ? { type: 'refusal', explanation: said.refusal } : null;
      return sse(
        { type: 'message_start', message: { id: 'm' } },
        { type: 'content_block_start', index: 0, content_block: { type: 'text', text } },
        { type: 'content_block_stop', index: 0 },
        { type: 'message_delta', delta: { stop_reason: 'refusal' in said ? 'refusal' : 'end_turn', stop_details } },
        { type: 'message_stop' },
      );
    },
    schemaIn: ({ output_config }) => output_config,
    format: { format: { type: 'json_schema', schema: SCHEMA } },
  },
};
type Json = Readonly<Record<string, unknown>>;

/** A run whose model answers so, one after the other. */
async function run(api: string, ...answers: readonly Said[]) {
  const form = APIS[api];
  if (form === undefined) throw new Error(api);
  const server = await loopback((response, _, at) => respond(response, form.answer(answers[at] ?? { text: '' })));
  home.write({
    'config.toml': [
      'model_provider = "local"\nmodel = "local-model"\n[model_providers.local]\nname = "Local"',
      `base_url = "${server.baseUrl}"\nwire_api = "${api}"\nenv_key = "LOCAL_KEY"`,
    ].join('\n'),
    'schema.json': JSON.stringify(SCHEMA),
  });
  const places = { home: home.path, cwd: repo.path, url: server.baseUrl, env: { LOCAL_KEY: 'key' } };
  const ended = await runKeel(['exec', '--output-schema', join(home.path, 'schema.json'), 'count'], places);
  return { ...ended, sent: server.requests.map(({ body }) => form.schemaIn(JSON.parse(body))), format: form.format };
}

describe.each(Object.keys(APIS))('an output schema over the API %s', (api) => {
  test('goes with each request, and an answer that fits it is the output; one that is no JSON is asked for again', async () => {
    const { code, stdout, sent, format } = await run(api, { text: 'Seven.' }, { text: '{"count":7}' });
    expect([code, stdout.trim()]).toEqual([0, '{"count":7}']);
    expect(sent).toEqual([format, format]);
  });

  test.each<[string, Said, RegExp]>([
    ['is no JSON', { text: 'Seven.' }, /no JSON/],
    ['is JSON of another form', { text: '{"count":"seven"}' }, /count/],
    ['is a refusal', { refusal: 'Not this.' }, /no JSON/],
  ])('an answer that %s, also when asked again, fails the run', async (_, said, why) => {
    const { code, stderr, sent } = await run(api, said, said);
    expect(code).toBe(1);
    expect(stderr).toMatch(/does not fit the output schema/);
    expect(stderr).toMatch(why);
    expect(sent).toHaveLength(2);
  });
});
