import { expect, test } from 'vitest';
import { loadConfigWithOrigins, otherProviders } from '../../../../src/storage/config/index.ts';
import { otherModels } from '../../../../src/surfaces/tui/effects/other-models.ts';
import { freshDirectory } from '../../../support/fresh-places.ts';

const home = freshDirectory();

interface Given {
  readonly settings?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly managed?: string;
  /** Absent: the one that is configured. */
  readonly inUse?: string;
}

async function modelsOf({ settings = '', env = {}, managed, inUse }: Given) {
  home.write({ 'config.toml': settings, ...(managed === undefined ? {} : { 'etc/managed_config.toml': managed }) });
  const place = { overrides: [], flags: {}, systemDir: `${home.path}/etc` };
  const own = { PATH: '/usr/bin:/bin', HOME: home.path, KEEL_HOME: home.path, OPENAI_API_KEY: 'sk-openai', ...env };
  const loaded = await loadConfigWithOrigins({ ...place, env: own, cwd: home.path });
  return otherModels(otherProviders(loaded, inUse ?? loaded.config.provider.id), loaded.config);
}

const ids = (models: Awaited<ReturnType<typeof modelsOf>>) => [...new Set(models.map(({ provider }) => provider.id))];

test('a provider that is built in is there with its key, and not without', async () => {
  expect(ids(await modelsOf({}))).toEqual([]);
  const models = await modelsOf({ env: { ANTHROPIC_API_KEY: 'sk-ant', GROQ_API_KEY: 'gsk' } });
  expect(ids(models)).toEqual(['anthropic', 'groq']);
  expect(models.filter(({ name }) => name?.startsWith('claude')).length).toBeGreaterThan(2);
});

test('the provider in use is not among them, and neither are servers on this machine that nobody configured', async () => {
  const models = await modelsOf({ settings: 'model_provider = "groq"\n', env: { GROQ_API_KEY: 'gsk' } });
  expect(ids(models)).toEqual(['openai']);
});

test('after a change the provider before is among them, and the one in use is not', async () => {
  const env = { GROQ_API_KEY: 'gsk', ANTHROPIC_API_KEY: 'sk-ant' };
  expect(ids(await modelsOf({ env, inUse: 'groq' })).toSorted()).toEqual(['anthropic', 'openai']);
});

test('a provider of the settings is there, with or without a key that it needs', async () => {
  const settings = `
[model_providers.own]
name = "My server"
base_url = "http://127.0.0.1:9/v1"
[model_providers.keyed]
name = "Keyed"
base_url = "https://keyed.example/v1"
env_key = "KEYED_KEY"
[model_providers.ollama]
request_max_retries = 1
`;
  const models = await modelsOf({ settings });
  expect(ids(models)).toEqual(['own', 'ollama']);
  expect(models[0]).toEqual({ provider: { id: 'own', label: 'My server' }, name: null, efforts: null });
  expect(ids(await modelsOf({ settings, env: { KEYED_KEY: 'k' } }))).toEqual(['own', 'keyed', 'ollama']);
});

test('a model has the efforts and tools that the settings say', async () => {
  const settings = 'models."llama-a" = { tools = false }\nmodels."openai/gpt-oss-120b" = { efforts = ["low"] }\n';
  const models = await modelsOf({ settings, env: { GROQ_API_KEY: 'gsk' } });
  expect(models.find(({ name }) => name === 'openai/gpt-oss-120b')?.efforts).toEqual(['low']);
});

test('one whose address needs a variable that is not set is left out', async () => {
  const env = { AZURE_OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'sk-ant' };
  expect(ids(await modelsOf({ env }))).toEqual(['anthropic']);
  expect(ids(await modelsOf({ env: { ...env, AZURE_OPENAI_ENDPOINT: 'https://a.example' } }))).toContain('azure');
});

// Another user's file is not the administrator's.
test.skipIf(process.getuid?.() !== 0)('where the administrator fixes the model there is no other', async () => {
  expect(await modelsOf({ env: { ANTHROPIC_API_KEY: 'sk-ant' }, managed: 'model = "gpt-5"\n' })).toEqual([]);
});

test('no key is in what is shown', async () => {
  const env = { ANTHROPIC_API_KEY: 'sk-ant-secret', GROQ_API_KEY: 'gsk-secret' };
  expect(JSON.stringify(await modelsOf({ env }))).not.toContain('secret');
});
