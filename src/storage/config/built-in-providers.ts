import { KeelError } from '../../foundation/protocol/index.ts';
import { ownValue } from '../../foundation/util/index.ts';
import type { Environment, LocalServerKind, ModelProvider } from './types.ts';

/** One provider that needs no settings but its key. What is not here is as the published API says. */
interface ProviderRow
  extends Pick<ModelProvider, 'name'>,
    Partial<Pick<ModelProvider, 'wireApi' | 'envHttpHeaders' | 'requiresOpenaiAuth' | 'keyHeader' | 'endpoint'>> {
  readonly baseUrl: string | ((env: Lookup) => string);
  /** Variables that contain the key, first set one wins; the first one is named where none is set. */
  readonly keys?: readonly string[];
  /** Variables with the key of a server that may want one. */
  readonly optionalKeys?: readonly string[];
  /** The model where none is configured. */
  readonly model?: string;
  readonly local?: LocalServerKind;
}

/** Gives a variable's value, trimmed; the fallback where it is not set. @throws KeelError `invalidConfig` without a fallback */
type Lookup = (name: string, fallback?: string) => string;

const DEFAULT_MODEL = 'gpt-5-codex';
const LOCAL_PORTS = { ollama: '11434', lmstudio: '1234' } as const;
const localUrl = (kind: LocalServerKind) => (env: Lookup) =>
  env('CODEX_OSS_BASE_URL', `http://localhost:${env('CODEX_OSS_PORT', LOCAL_PORTS[kind])}/v1`);

/**
 * Taken from the providers' own documents (2026-11). How requests to one differ from its API is in
 * `models/catalogue/wire-quirks.ts`, by this id and by host, so that it counts for an entry of the user's own too.
 */
const ROWS: Readonly<Record<string, ProviderRow>> = {
  openai: {
    name: 'OpenAI',
    baseUrl: (env) => env('OPENAI_BASE_URL', 'https://api.openai.com/v1'),
    envHttpHeaders: { 'OpenAI-Organization': 'OPENAI_ORGANIZATION', 'OpenAI-Project': 'OPENAI_PROJECT' },
    requiresOpenaiAuth: true,
  },
  oss: { name: 'gpt-oss', baseUrl: localUrl('ollama'), local: 'ollama', model: 'gpt-oss:20b' },
  anthropic: {
    name: 'Anthropic',
    baseUrl: (env) => env('ANTHROPIC_BASE_URL', 'https://api.anthropic.com'),
    wireApi: 'anthropic',
    keys: ['ANTHROPIC_API_KEY'],
    model: 'claude-opus-5-5',
  },
  // By this name `isAzure` knows it at any address: responses are stored, and items keep their ids.
  azure: {
    name: 'Azure',
    baseUrl: (env) => `${env('AZURE_OPENAI_ENDPOINT').replace(/\/+$/, '')}/openai/v1`,
    keys: ['AZURE_OPENAI_API_KEY'],
    keyHeader: 'api-key',
  },
  gemini: {
    name: 'Gemini',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta/openai',
    wireApi: 'chat',
    keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY'],
    model: 'gemini-2.5-pro',
  },
  openrouter: {
    name: 'OpenRouter',
    baseUrl: 'https://openrouter.ai/api/v1',
    wireApi: 'chat',
    keys: ['OPENROUTER_API_KEY'],
    model: 'anthropic/claude-sonnet-4.5',
  },
  deepseek: {
    name: 'DeepSeek',
    baseUrl: 'https://api.deepseek.com/v1',
    wireApi: 'chat',
    keys: ['DEEPSEEK_API_KEY'],
    model: 'deepseek-chat',
  },
  groq: {
    name: 'Groq',
    baseUrl: 'https://api.groq.com/openai/v1',
    wireApi: 'chat',
    keys: ['GROQ_API_KEY'],
    model: 'openai/gpt-oss-120b',
  },
  mistral: {
    name: 'Mistral',
    baseUrl: 'https://api.mistral.ai/v1',
    wireApi: 'chat',
    keys: ['MISTRAL_API_KEY'],
    model: 'devstral-medium-latest',
  },
  xai: {
    name: 'xAI',
    baseUrl: 'https://api.x.ai/v1',
    wireApi: 'chat',
    keys: ['XAI_API_KEY'],
    model: 'grok-code-fast-1',
  },
  // Its endpoint in Anthropic's form takes keys; the older one wants signed requests.
  bedrock: {
    name: 'Amazon Bedrock',
    baseUrl: (env) =>
      `https://bedrock-mantle.${env('AWS_REGION', env('AWS_DEFAULT_REGION', 'us-east-1'))}.api.aws/anthropic`,
    wireApi: 'anthropic',
    keys: ['AWS_BEARER_TOKEN_BEDROCK'],
    model: 'anthropic.claude-opus-5-5',
  },
  // The model is in the address. A token of Google's lasts an hour: `auth_command` makes the next one.
  vertex: {
    name: 'Vertex AI',
    baseUrl: (env) => {
      const region = env('CLOUD_ML_REGION', 'global');
      const host = region === 'global' ? 'aiplatform.googleapis.com' : `${region}-aiplatform.googleapis.com`;
      const project =
        env('ANTHROPIC_VERTEX_PROJECT_ID', env('GOOGLE_CLOUD_PROJECT', '')) || env('ANTHROPIC_VERTEX_PROJECT_ID');
      return `https://${host}/v1/projects/${project}/locations/${region}`;
    },
    wireApi: 'anthropic',
    endpoint: 'vertex',
    keys: ['VERTEX_ACCESS_TOKEN'],
    keyHeader: 'bearer',
    model: 'claude-opus-5-5',
  },
  ollama: { name: 'Ollama', baseUrl: localUrl('ollama'), local: 'ollama', model: 'gpt-oss:20b' },
  lmstudio: { name: 'LM Studio', baseUrl: localUrl('lmstudio'), local: 'lmstudio', model: 'openai/gpt-oss-20b' },
  // It serves one model, whatever the request calls it.
  llamacpp: {
    name: 'llama.cpp',
    baseUrl: 'http://localhost:8080/v1',
    wireApi: 'chat',
    optionalKeys: ['LLAMA_API_KEY'],
    model: 'default',
  },
  vllm: { name: 'vLLM', baseUrl: 'http://localhost:8000/v1', wireApi: 'chat', optionalKeys: ['VLLM_API_KEY'] },
};

/** Their ids, in the order of the table. */
export const BUILT_IN_IDS: readonly string[] = Object.keys(ROWS);
/** Variables with the keys of built-in providers. */
export const BUILT_IN_KEYS: readonly string[] = Object.values(ROWS).flatMap(({ keys = [], optionalKeys = [] }) => [
  ...keys,
  ...optionalKeys,
]);

/** The model of a provider for which none is configured. */
export function defaultModel(providerId: string): string {
  return knownModel(providerId) ?? DEFAULT_MODEL;
}

/** A model that a built-in provider serves; null: only the user knows the names of its models. */
export function knownModel(providerId: string): string | null {
  return providerId === 'openai' ? DEFAULT_MODEL : (rowOf(providerId)?.model ?? null);
}

export type RowFields = Omit<ModelProvider, 'queryParams' | 'httpHeaders' | `${string}Retries` | 'streamIdleTimeoutMs'>;

/**
 * What the table says of a provider; null: it is not built in. `baseUrl` replaces that of the row.
 * @throws KeelError `invalidConfig` if its address needs a variable that is not set
 */
export function builtInProvider(id: string, env: Environment, baseUrl: string | undefined): RowFields | null {
  const row = rowOf(id);
  if (row === null) return null;
  const { baseUrl: address, keys = [], optionalKeys, model: _, ...fields } = row;
  const isSet = (name: string) => (env[name] ?? '').trim() !== '';
  const envKey = keys.find(isSet) ?? keys[0];
  const optionalEnvKey = optionalKeys?.find(isSet);
  return {
    id,
    wireApi: 'responses',
    envHttpHeaders: {},
    requiresOpenaiAuth: false,
    ...fields,
    baseUrl: baseUrl ?? (typeof address === 'string' ? address : address(lookupIn(id, env))),
    ...(envKey === undefined ? {} : { envKey }),
    ...(optionalEnvKey === undefined ? {} : { envKey: optionalEnvKey }),
  };
}

function lookupIn(id: string, env: Environment): Lookup {
  return (name, fallback) => {
    const value = env[name]?.trim() || fallback;
    if (value !== undefined) return value;
    const message = `model_provider "${id}": set the environment variable ${name}, or model_providers.${id}.base_url`;
    throw new KeelError('invalidConfig', message);
  };
}

function rowOf(id: string): ProviderRow | null {
  return ownValue(ROWS, id) ?? null;
}
