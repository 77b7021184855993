import { describe, expect, onTestFinished, test } from 'vitest';
import { modelInfo } from '../../../src/models/catalogue/index.ts';
import { loadWire, resolveCredentials } from '../../../src/models/client/index.ts';
import { BUILT_IN_IDS, type Config, loadConfig, secretValues } from '../../../src/storage/config/index.ts';
import { message, type RecordedRequest, requestFaults, respond, startModelServer } from '../../../src/testing/index.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { clientOf, collect, promptOf } from '../support.ts';

type Env = Readonly<Record<string, string>>;

async function configOf(id: string, env: Env, more: readonly string[] = []): Promise<Config> {
  const home = tempDir();
  onTestFinished(() => home[Symbol.dispose]());
  const overrides = [`model_provider="${id}"`, ...more];
  const whole = { HOME: home.path, KEEL_HOME: home.path, ...env };
  return loadConfig({ env: whole, cwd: home.path, overrides, flags: {}, systemDir: home.path });
}

const tool = {
  type: 'function',
  name: 'shell',
  description: 'Runs a command.',
  strict: false,
  parameters: { type: 'object', properties: {}, additionalProperties: false },
} as const;

/** What a provider is sent, at an address of the test, by its key in the environment alone. */
async function requestTo(
  id: string,
  env: Env,
): Promise<{ readonly config: Config; readonly request: RecordedRequest }> {
  await using server = await startModelServer([respond(message('hi'))]);
  const config = await configOf(id, env, [`model_providers.${id}.base_url="${server.url}"`]);
  const { provider, storedKey } = config;
  const client = clientOf(provider, {
    wire: await loadWire(provider.wireApi),
    model: modelInfo(config.model),
    credentials: () => resolveCredentials(provider, config.env, storedKey),
  });
  const events = await collect(client, promptOf({ tools: [tool] }));
  expect(events.at(-1)?.type).toBe('completed');
  const [request] = server.requests;
  if (request === undefined) throw new Error('nothing was sent');
  return { config, request };
}

interface Row {
  readonly env: Env;
  /** Where requests go without an address of the user's own. */
  readonly baseUrl: string;
  /** The path of a request below `/v1`, which is the test's address. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: object;
}

const secret = 'secret-key-1';
const bearer = { authorization: `Bearer ${secret}` };
const none = { authorization: undefined, 'x-api-key': undefined };
const chat = { path: '/v1/chat/completions', body: { messages: expect.any(Array), stream: true } };
const withUsage = { ...chat, body: { ...chat.body, stream_options: { include_usage: true } } };
const responses = { path: '/v1/responses', body: { store: false, include: expect.any(Array) } };
const messages = { path: '/v1/messages', body: { max_tokens: expect.any(Number), system: expect.any(Array) } };

const rows: Readonly<Record<string, Row>> = {
  openai: { env: { OPENAI_API_KEY: secret }, baseUrl: 'https://api.openai.com/v1', headers: bearer, ...responses },
  oss: { env: {}, baseUrl: 'http://localhost:11434/v1', headers: none, ...responses },
  ollama: { env: {}, baseUrl: 'http://localhost:11434/v1', headers: none, ...responses },
  lmstudio: { env: {}, baseUrl: 'http://localhost:1234/v1', headers: none, ...responses },
  anthropic: {
    env: { ANTHROPIC_API_KEY: secret },
    baseUrl: 'https://api.anthropic.com',
    headers: { 'x-api-key': secret, 'anthropic-version': '2023-06-01', authorization: undefined },
    ...messages,
  },
  azure: {
    env: { AZURE_OPENAI_API_KEY: secret, AZURE_OPENAI_ENDPOINT: 'https://me.openai.azure.com/' },
    baseUrl: 'https://me.openai.azure.com/openai/v1',
    headers: { 'api-key': secret, authorization: undefined },
    ...{ ...responses, body: { store: true } },
  },
  gemini: {
    env: { GEMINI_API_KEY: secret },
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    headers: bearer,
    ...withUsage,
  },
  openrouter: {
    env: { OPENROUTER_API_KEY: secret },
    baseUrl: 'https://openrouter.ai/api/v1',
    headers: bearer,
    ...withUsage,
  },
  deepseek: {
    env: { DEEPSEEK_API_KEY: secret },
    baseUrl: 'https://api.deepseek.com/v1',
    headers: bearer,
    ...withUsage,
  },
  groq: { env: { GROQ_API_KEY: secret }, baseUrl: 'https://api.groq.com/openai/v1', headers: bearer, ...withUsage },
  mistral: { env: { MISTRAL_API_KEY: secret }, baseUrl: 'https://api.mistral.ai/v1', headers: bearer, ...chat },
  xai: { env: { XAI_API_KEY: secret }, baseUrl: 'https://api.x.ai/v1', headers: bearer, ...withUsage },
  bedrock: {
    env: { AWS_BEARER_TOKEN_BEDROCK: secret, AWS_REGION: 'eu-west-1' },
    baseUrl: 'https://bedrock-mantle.eu-west-1.api.aws/anthropic',
    headers: { 'x-api-key': secret, 'anthropic-version': '2023-06-01' },
    ...messages,
  },
  vertex: {
    env: { VERTEX_ACCESS_TOKEN: secret, ANTHROPIC_VERTEX_PROJECT_ID: 'p-1', CLOUD_ML_REGION: 'us-east5' },
    baseUrl: 'https://us-east5-aiplatform.googleapis.com/v1/projects/p-1/locations/us-east5',
    path: '/v1/publishers/anthropic/models/claude-opus-5-5:streamRawPredict',
    headers: { ...bearer, 'anthropic-version': undefined },
    body: { anthropic_version: 'vertex-2023-10-16', max_tokens: expect.any(Number) },
  },
  llamacpp: { env: {}, baseUrl: 'http://localhost:8080/v1', headers: none, ...withUsage },
  vllm: { env: { VLLM_API_KEY: secret }, baseUrl: 'http://localhost:8000/v1', headers: bearer, ...withUsage },
};

describe('a built-in provider', () => {
  test('each has its row here', () => expect(Object.keys(rows).sort()).toEqual([...BUILT_IN_IDS].sort()));

  test.each(Object.entries(rows))('%s is used by its key alone', async (id, row) => {
    const { provider } = await configOf(id, row.env);
    const { config, request } = await requestTo(id, row.env);

    expect(provider.baseUrl).toBe(row.baseUrl);
    expect(request.path).toBe(row.path);
    expect(request.headers).toMatchObject(
      Object.fromEntries(Object.entries(row.headers).filter(([, value]) => value !== undefined)),
    );
    for (const [name, value] of Object.entries(row.headers)) expect(request.headers[name]).toBe(value);
    expect(request.body).toMatchObject(row.body);
    if (id !== 'vertex') expect(requestFaults(config.provider.wireApi, request.body)).toEqual([]);
    if (Object.values(row.env).includes(secret)) expect(secretValues(config)).toContain(secret);
  });

  test('Vertex AI has the model in the address and not in the body', async () => {
    const { env = {} } = rows['vertex'] ?? {};
    const { request } = await requestTo('vertex', env);

    expect(request.body).not.toHaveProperty('model');
    const { anthropic_version: _, ...body } = request.body;
    expect(requestFaults('anthropic', { model: 'm', ...body })).toEqual([]);
  });

  test('Mistral is not asked for what it refuses, at any address', async () => {
    const { request } = await requestTo('mistral', { MISTRAL_API_KEY: secret });

    expect(request.body).not.toHaveProperty('stream_options');
  });

  test.each([
    ['groq', {}, /GROQ_API_KEY/],
    ['gemini', { GOOGLE_API_KEY: ' ' }, /GEMINI_API_KEY/],
    ['azure', { OPENAI_API_KEY: secret, AZURE_OPENAI_ENDPOINT: 'https://x' }, /AZURE_OPENAI_API_KEY/],
  ])('%s without its key names the variable, and no other key is sent', async (id, env, expected) => {
    const { provider, env: own } = await configOf(id, env);
    const stored = { apiKey: 'stored', path: '/home/me/.keel/auth.json' };

    expect(() => resolveCredentials(provider, own, stored)).toThrow(expected);
  });

  test('a second name of the key is known too', async () => {
    const { provider, env } = await configOf('gemini', { GOOGLE_API_KEY: secret });

    expect(resolveCredentials(provider, env, null).bearer).toBe(secret);
  });

  test.each([
    ['azure', 'AZURE_OPENAI_ENDPOINT'],
    ['vertex', 'ANTHROPIC_VERTEX_PROJECT_ID'],
  ])('%s without its address names the variable', async (id, name) => {
    await expect(configOf(id, {})).rejects.toThrow(new RegExp(`set the environment variable ${name}, or .*base_url`));
  });
});

describe('an entry with the id of a built-in provider', () => {
  test('changes what it sets and keeps the rest', async () => {
    const entry = ['ca_file="ca.pem"', 'http_headers={ "X-Team" = "a" }'];
    const { provider } = await configOf(
      'openai',
      {},
      entry.map((line) => `model_providers.openai.${line}`),
    );

    expect(provider).toMatchObject({
      name: 'OpenAI',
      baseUrl: 'https://api.openai.com/v1',
      requiresOpenaiAuth: true,
      httpHeaders: { 'X-Team': 'a' },
      caFile: expect.stringMatching(/ca\.pem$/),
    });
  });

  test('takes its place when it is complete, as before it was built in', async () => {
    const entry = ['name="Mine"', 'base_url="http://mine/v1"', 'env_key="MINE"'];
    const { provider } = await configOf(
      'groq',
      {},
      entry.map((line) => `model_providers.groq.${line}`),
    );

    expect(provider).toMatchObject({ name: 'Mine', wireApi: 'responses', envKey: 'MINE' });
  });

  test('an entry of another id without a name or an address names what it lacks', async () => {
    await expect(configOf('mine', {}, ['model_providers.mine.base_url="http://m"'])).rejects.toThrow(
      /mine\.name is missing/,
    );
    await expect(configOf('mine', {}, ['model_providers.mine.name="M"'])).rejects.toThrow(/mine\.base_url is missing/);
  });
});
