import { describe, expect, onTestFinished, test } from 'vitest';
import { modelInfo, ServerFacts } from '../../../src/models/catalogue/index.ts';
import { HttpTransport, loadWire, ModelClient } from '../../../src/models/client/index.ts';
import { type Finding, isUsable, Probe, runChecks } from '../../../src/models/conformance/index.ts';
import type { ModelProvider } from '../../../src/storage/config/index.ts';
import { httpError, type Script, startModelServer } from '../../../src/testing/index.ts';
import { obedientModel } from './obedient-model.ts';

const MODELS = { responses: 'gpt-5', chat: 'house-model', anthropic: 'claude-sonnet-4-6' } as const;
type Api = keyof typeof MODELS;

async function findingsOf(script: Script, wireApi: Api = 'responses'): Promise<Finding[]> {
  const server = await startModelServer(script);
  const transport = new HttpTransport({ env: {} });
  onTestFinished(async () => {
    transport.close();
    await server.close();
  });
  const provider: ModelProvider = {
    ...{ id: 'p', name: 'P', baseUrl: server.url, wireApi, queryParams: {}, httpHeaders: {}, envHttpHeaders: {} },
    ...{ requestMaxRetries: 0, streamMaxRetries: 0, streamIdleTimeoutMs: 30_000, requiresOpenaiAuth: false },
  };
  const model = modelInfo(MODELS[wireApi]);
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
    serverFacts: new ServerFacts(provider),
    credentials: () => ({ bearer: 'key', source: 'the test', headers: {} }),
  });
  const probe = new Probe({ client, model, providerId: 'p', signal: new AbortController().signal });
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
