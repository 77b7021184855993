import { describe, expect, onTestFinished, test } from 'vitest';
import { modelInfo, ServerFacts } from '../../../src/models/catalogue/index.ts';
import { HttpTransport, loadWire, ModelClient, ResponseSocket } from '../../../src/models/client/index.ts';
import { type Finding, isUsable, Probe, runChecks } from '../../../src/models/conformance/index.ts';
import { BUILT_IN_IDS, type ModelProvider } from '../../../src/storage/config/index.ts';
import {
  httpError,
  requestFaults,
  respond,
  type Script,
  type StrictRules,
  startModelServer,
} from '../../../src/testing/index.ts';
import { obedientModel } from './obedient-model.ts';

const MODELS = { responses: 'gpt-5', chat: 'house-model', anthropic: 'claude-sonnet-4-6' } as const;
type Api = keyof typeof MODELS;

/** Of every built-in provider the API, a model whose quirks are known, and what its servers refuse or take beyond the API. */
const PROVIDERS: readonly (readonly [id: string, api: Api, slug: string, rules: StrictRules])[] = [
  ['openai', 'responses', 'gpt-5', {}],
  ['azure', 'responses', 'o3', {}],
  ['anthropic', 'anthropic', 'claude-opus-4-5', {}],
  ['bedrock', 'anthropic', 'claude-sonnet-4-6', {}],
  ['vertex', 'anthropic', 'claude-haiku-4-5', {}],
  ['gemini', 'chat', 'gemini-3-pro', { ownFields: ['extra_content', 'reasoning'] }],
  ['openrouter', 'chat', 'openai/gpt-5', { ownFields: ['reasoning', 'reasoning_details'] }],
  ['deepseek', 'chat', 'deepseek-reasoner', { ownFields: ['reasoning_content', 'reasoning'] }],
  ['groq', 'chat', 'openai/gpt-oss-120b', { ownFields: ['reasoning'] }],
  ['mistral', 'chat', 'mistral-large', { roles: 'alternating', ownFields: ['reasoning'] }],
  ['xai', 'chat', 'grok-4', { ownFields: ['reasoning'] }],
  ['oss', 'responses', 'gpt-oss:20b', {}],
  ['ollama', 'chat', 'gpt-oss:20b', { ownFields: ['reasoning'] }],
  ['lmstudio', 'responses', 'openai/gpt-oss-20b', {}],
  ['llamacpp', 'chat', 'qwen3', { ownFields: ['reasoning'] }],
  ['vllm', 'chat', 'kimi-k2.5', { ownFields: ['reasoning', 'reasoning_content'] }],
];

async function findingsOf(
  script: Script,
  wireApi: Api = 'responses',
  { id = 'p', slug = MODELS[wireApi], isSocket = false }: { id?: string; slug?: string; isSocket?: boolean } = {},
): Promise<Finding[]> {
  const server = await startModelServer(script);
  const transport = new HttpTransport({ env: {} });
  onTestFinished(async () => {
    transport.close();
    await server.close();
  });
  const provider: ModelProvider = {
    ...{ id, name: 'P', baseUrl: server.url, wireApi, queryParams: {}, httpHeaders: {}, envHttpHeaders: {} },
    ...{ requestMaxRetries: 0, streamMaxRetries: 0, streamIdleTimeoutMs: 30_000, requiresOpenaiAuth: false },
  };
  const model = modelInfo(slug);
  const client = new ModelClient({
    ...{
      wire: await loadWire(wireApi),
      provider,
      model,
      threadId: 't',
      effort: null,
      summary: 'auto',
      verbosity: null,
    },
    ...{ originator: 'keel_test', userAgent: 'keel_test', sessionSource: 'cli', transport },
    socket: isSocket ? new ResponseSocket(transport) : null,
    serverFacts: new ServerFacts(provider),
    credentials: () => ({ bearer: 'key', source: 'the test', headers: {} }),
  });
  const probe = new Probe({ client, model, providerId: id, signal: new AbortController().signal });
  onTestFinished(() => client.close());
  const findings: Finding[] = [];
  for await (const finding of runChecks(probe)) findings.push(finding);
  return findings;
}

const states = (findings: readonly Finding[]) => Object.fromEntries(findings.map(({ check, state }) => [check, state]));
const about = (findings: readonly Finding[], check: string) => findings.find((finding) => finding.check === check);

describe('the suite that keel provider test runs', () => {
  test.each(['responses', 'chat', 'anthropic'] as const)(
    'all of it works with a sound server of the API: %s',
    async (api) => {
      const findings = await findingsOf(obedientModel(), api);
      expect(findings.filter(({ state }) => state !== 'works')).toEqual([]);
      expect(findings.map(({ check }) => check)).toEqual([
        ...['text', 'stream', 'tools', 'parallel tools', 'freeform', 'images', 'reasoning', 'usage', 'long output'],
        ...['cancel', 'bad request'],
      ]);
      expect(isUsable(findings)).toBe(true);
    },
  );

  test('all of it works over a WebSocket, by which every request goes', async () => {
    const obedient = obedientModel();
    const ways = new Set<string>();
    const findings = await findingsOf(
      (request, ...rest) => {
        ways.add(request.transport);
        return typeof obedient === 'function' ? obedient(request, ...rest) : respond();
      },
      'responses',
      { isSocket: true },
    );
    expect(findings.filter(({ state }) => state !== 'works')).toEqual([]);
    expect([...ways]).toEqual(['websocket']);
  });

  test('every built-in provider has a row here', () => {
    expect(PROVIDERS.map(([id]) => id).sort()).toEqual([...BUILT_IN_IDS].sort());
  });

  test.each(PROVIDERS)(
    'all of it works with a server that refuses what the API or its templates do not know: %s, %s, %s',
    async (id, api, slug, rules) => {
      const obedient = obedientModel();
      const faults: string[] = [];
      const strict: Script = (request, ...rest) => {
        faults.push(...requestFaults(api, request.body, rules));
        return typeof obedient === 'function' ? obedient(request, ...rest) : respond();
      };
      const findings = await findingsOf(strict, api, { id, slug });
      expect(faults).toEqual([]);
      const gaps = findings.filter(({ state }) => state !== 'works').map(({ check }) => check);
      // Models that see no pictures get a text in the place of one.
      expect(gaps).toEqual(modelInfo(slug).supportsImages ? [] : ['images']);
    },
  );

  test('a server with gaps is usable, and each gap is named with the setting that helps', async () => {
    const flaws = {
      refusesPictures: true,
      isSerial: true,
      countsNothing: true,
      isBlocked: true,
      answersToAnyName: true,
    };
    const findings = await findingsOf(
      obedientModel({ ...flaws, refuses: /stream_options|parallel_tool_calls/ }),
      'chat',
    );
    expect(states(findings)).toMatchObject({
      ...{ text: 'works', stream: 'partly', tools: 'works', 'parallel tools': 'partly', freeform: 'works' },
      ...{ images: 'partly', usage: 'partly', 'bad request': 'partly' },
    });
    expect(findings.flatMap(({ settings }) => settings)).toEqual(
      expect.arrayContaining([
        'model_providers.p.quirks.stream_options = "omitted"',
        'model_providers.p.quirks.parallel_tool_calls = "omitted"',
        'model_providers.p.quirks.pictures = "omitted"',
      ]),
    );
    expect(about(findings, 'usage')?.detail).toContain('no tokens are reported');
    expect(isUsable(findings)).toBe(true);
  });

  test('a model that calls no tools is of no use', async () => {
    const findings = await findingsOf(obedientModel({ isDeaf: true }));
    expect(about(findings, 'tools')).toMatchObject({
      state: 'fails',
      detail: 'answers without calling the tool that it was asked to call',
      settings: ['models."gpt-5".tools = false'],
    });
    expect(isUsable(findings)).toBe(false);
  });

  test('a key that is refused ends it at once', async () => {
    let requests = 0;
    const findings = await findingsOf(() => {
      requests += 1;
      return httpError(401, { error: { message: 'no' } });
    });
    expect(requests).toBe(1);
    expect(about(findings, 'text')).toMatchObject({ state: 'fails', detail: expect.stringContaining('the test') });
    expect(findings.slice(1).every(({ state }) => state === 'skipped')).toBe(true);
    expect(isUsable(findings)).toBe(false);
  });
});
