import { join, resolve, sep } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { userHome } from '../../foundation/util/index.ts';
import type { ConfigFile } from './layers/index.ts';
import type { Environment, LocalServerKind, ModelProvider, StoredKey } from './types.ts';

const DEFAULT_MODEL = 'gpt-5-codex';
/** Of providers that do not have the other one. */
const DEFAULT_MODELS: Readonly<Record<string, string>> = {
  anthropic: 'claude-opus-5-5',
  oss: 'gpt-oss:20b',
  ollama: 'gpt-oss:20b',
  lmstudio: 'openai/gpt-oss-20b',
};
/** Variables that contain a key for OpenAI, first set one wins. Other providers never get them. */
export const OPENAI_KEY_VARIABLES = ['KEEL_API_KEY', 'CODEX_API_KEY', 'OPENAI_API_KEY'] as const;
const MAX_RETRIES = 100;
/** A timer of Node's that is set for longer fires at once, ms. */
export const MAX_TIMER_MS = 2_147_483_647;
/** Of a program that prints a token: it may have to ask a server of its own. */
const DEFAULT_AUTH_MS = 30_000;
const DEFAULT_TOKEN_MS = 5 * 60_000;
const LOCAL_PORTS = { ollama: '11434', lmstudio: '1234' } as const;

const defaults = {
  wireApi: 'responses',
  queryParams: {},
  httpHeaders: {},
  envHttpHeaders: {},
  requestMaxRetries: 4,
  streamMaxRetries: 5,
  streamIdleTimeoutMs: 300_000,
  requiresOpenaiAuth: false,
} as const;

/** The model of a provider for which none is configured. */
export function defaultModel(providerId: string): string {
  return (Object.hasOwn(DEFAULT_MODELS, providerId) ? DEFAULT_MODELS[providerId] : undefined) ?? DEFAULT_MODEL;
}

interface ProviderSources {
  readonly settings: ConfigFile;
  readonly env: Environment;
  /** Where relative paths of files start: a repository must not be able to offer its own. */
  readonly home: string;
}

/** The provider with this id. @throws KeelError `invalidConfig` that lists those there are */
export function resolveProvider(id: string, sources: ProviderSources): ModelProvider {
  const { settings, env } = sources;
  const builtIn = new Map(Object.entries(builtInProviders(settings, env)));
  const own = new Map(Object.entries(settings.model_providers ?? {}));
  const local = new Map(Object.entries(localProviders(env)));
  const entry = own.get(id);
  const found = builtIn.get(id) ?? (entry ? configured(id, entry, sources) : local.get(id));
  if (found) return found;
  const known = [...new Set([...builtIn.keys(), ...local.keys(), ...own.keys()])].join(', ');
  throw new KeelError('invalidConfig', `model_provider "${id}" is not configured; known are ${known}`);
}

/**
 * The provider where none is configured: Anthropic for its own models, and where its key is the only one there is; else
 * OpenAI. An address of the user's own for OpenAI's API may serve anything.
 */
export function impliedProvider(
  { model, openai_base_url: baseUrl }: ConfigFile,
  env: Environment,
  storedKey: StoredKey | null,
): string {
  const isSet = (name: string) => (env[name] ?? '').trim() !== '';
  if (baseUrl || isSet('OPENAI_BASE_URL')) return 'openai';
  if (model !== undefined) return model.toLowerCase().startsWith('claude') ? 'anthropic' : 'openai';
  if (!isSet('ANTHROPIC_API_KEY')) return 'openai';
  const hasOther = OPENAI_KEY_VARIABLES.some(isSet) || (storedKey?.apiKey ?? '').trim() !== '';
  return hasOther ? 'openai' : 'anthropic';
}

/** Entries that have no effect, since a built-in provider has their id. */
export function shadowedProviders(settings: ConfigFile): string[] {
  return ['openai', 'oss', 'anthropic']
    .filter((id) => settings.model_providers?.[id])
    .map((id) => `model_providers.${id} has no effect: "${id}" is built in. Give it another name.`);
}

function builtInProviders(settings: ConfigFile, env: Environment): Readonly<Record<string, ModelProvider>> {
  return {
    openai: {
      ...defaults,
      id: 'openai',
      name: 'OpenAI',
      baseUrl: settings.openai_base_url || env['OPENAI_BASE_URL']?.trim() || 'https://api.openai.com/v1',
      envHttpHeaders: { 'OpenAI-Organization': 'OPENAI_ORGANIZATION', 'OpenAI-Project': 'OPENAI_PROJECT' },
      requiresOpenaiAuth: true,
    },
    oss: localProvider('oss', 'gpt-oss', 'ollama', env),
    anthropic: {
      ...defaults,
      id: 'anthropic',
      name: 'Anthropic',
      baseUrl: env['ANTHROPIC_BASE_URL']?.trim() || 'https://api.anthropic.com',
      envKey: 'ANTHROPIC_API_KEY',
      wireApi: 'anthropic',
    },
  };
}

/** Unlike the others these may be replaced: many had named their own server so before. */
export function localProviders(env: Environment): Readonly<Record<LocalServerKind, ModelProvider>> {
  return {
    ollama: localProvider('ollama', 'Ollama', 'ollama', env),
    lmstudio: localProvider('lmstudio', 'LM Studio', 'lmstudio', env),
  };
}

function localProvider(id: string, name: string, local: LocalServerKind, env: Environment): ModelProvider {
  const port = env['CODEX_OSS_PORT']?.trim() || LOCAL_PORTS[local];
  const baseUrl = env['CODEX_OSS_BASE_URL']?.trim() || `http://localhost:${port}/v1`;
  return { ...defaults, id, name, baseUrl, local };
}

type ProviderEntry = NonNullable<ConfigFile['model_providers']>[string];

function configured(id: string, entry: ProviderEntry, sources: ProviderSources): ModelProvider {
  if (entry.base_url === undefined) {
    throw new KeelError('invalidConfig', `model_providers.${id}.base_url is missing`);
  }
  return {
    ...defaults,
    id,
    name: entry.name,
    baseUrl: entry.base_url,
    wireApi: entry.wire_api ?? defaults.wireApi,
    queryParams: entry.query_params ?? {},
    httpHeaders: entry.http_headers ?? {},
    envHttpHeaders: entry.env_http_headers ?? {},
    requestMaxRetries: Math.min(MAX_RETRIES, entry.request_max_retries ?? defaults.requestMaxRetries),
    streamMaxRetries: Math.min(MAX_RETRIES, entry.stream_max_retries ?? defaults.streamMaxRetries),
    streamIdleTimeoutMs: Math.min(MAX_TIMER_MS, entry.stream_idle_timeout_ms ?? defaults.streamIdleTimeoutMs),
    requiresOpenaiAuth: entry.requires_openai_auth ?? false,
    ...(entry.quirks === undefined ? {} : { quirks: entry.quirks }),
    ...(entry.env_key === undefined ? {} : { envKey: entry.env_key }),
    ...connection(entry, sources),
    ...(entry.env_key_instructions === undefined ? {} : { envKeyInstructions: entry.env_key_instructions }),
    ...(entry.experimental_bearer_token === undefined ? {} : { bearerToken: entry.experimental_bearer_token }),
  };
}

function connection(entry: ProviderEntry, { env, home }: ProviderSources): Partial<ModelProvider> {
  const { ca_file: caFile, client_cert: cert, client_key: key, connect_timeout_ms: connectMs } = entry;
  const user = userHome(env);
  const at = (path: string) => resolve(home, user !== null && path.startsWith('~/') ? join(user, path.slice(2)) : path);
  const [program, ...args] = entry.auth_command ?? [];
  const authCommand = program === undefined ? null : { program: program.includes(sep) ? at(program) : program, args };
  const limits = {
    timeoutMs: Math.min(MAX_TIMER_MS, entry.auth_command_timeout_ms ?? DEFAULT_AUTH_MS),
    lifetimeMs: entry.auth_command_lifetime_ms ?? DEFAULT_TOKEN_MS,
  };
  return {
    ...(authCommand === null ? {} : { authCommand: { ...authCommand, ...limits } }),
    ...(caFile === undefined ? {} : { caFile: at(caFile) }),
    ...(cert === undefined ? {} : { clientCert: at(cert) }),
    ...(key === undefined ? {} : { clientKey: at(key) }),
    ...(connectMs === undefined ? {} : { connectTimeoutMs: Math.min(MAX_TIMER_MS, connectMs) }),
  };
}
