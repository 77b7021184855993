import { join, resolve, sep } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import { userHome } from '../../foundation/util/index.ts';
import { BUILT_IN_IDS, builtInProvider } from './built-in-providers.ts';
import type { StoredKey } from './credential-types.ts';
import type { ConfigFile } from './layers/index.ts';
import type { Environment, LocalServerKind, ModelProvider } from './types.ts';

/** Variables that contain a key for OpenAI, first set one wins. Other providers never get them. */
export const OPENAI_KEY_VARIABLES = ['KEEL_API_KEY', 'CODEX_API_KEY', 'OPENAI_API_KEY'] as const;
/** Built in from the beginning: an entry that is complete in itself takes the place of any other one, but not of these. */
const LASTING: readonly string[] = ['openai', 'oss', 'anthropic'];
const MAX_RETRIES = 100;
/** A timer of Node's that is set for longer fires at once, ms. */
export const MAX_TIMER_MS = 2_147_483_647;
/** Limit for a program that prints a token: it may have to ask a server of its own. */
const DEFAULT_AUTH_MS = 30_000;
const DEFAULT_TOKEN_MS = 5 * 60_000;

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

type ProviderEntry = NonNullable<ConfigFile['model_providers']>[string];

/** Where the models of a ChatGPT account are. */
const CHATGPT_URL = 'https://chatgpt.com/backend-api/codex';

interface ProviderSources {
  readonly storedKey: StoredKey | null;
  readonly settings: ConfigFile;
  readonly env: Environment;
  /** Where relative paths of files start: a repository must not be able to offer its own. */
  readonly home: string;
}

/**
 * The provider with this id: a built-in one with what its entry in the settings changes, or the entry alone.
 * @throws KeelError `invalidConfig` that lists those there are, or names what the entry lacks
 */
export function resolveProvider(id: string, sources: ProviderSources): ModelProvider {
  const { settings, env } = sources;
  const own = new Map(Object.entries(settings.model_providers ?? {}));
  const entry = own.get(id);
  const moved = id === 'openai' ? settings.openai_base_url || chatgptUrl(sources) : undefined;
  const changes = entry !== undefined && isComplete(entry) ? undefined : entry;
  const replaced = entry !== undefined && changes === undefined && !LASTING.includes(id);
  const builtIn = replaced ? null : builtInProvider(id, env, changes?.base_url ?? moved);
  if (builtIn !== null) return { ...defaults, ...builtIn, ...(changes ? settingsOf(changes, sources) : {}) };
  if (entry !== undefined) return { ...defaults, ...identity(id, entry), ...settingsOf(entry, sources) };
  const known = [...new Set([...BUILT_IN_IDS, ...own.keys()])].join(', ');
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
  const isStored = (storedKey?.apiKey ?? '').trim() !== '' || Boolean(storedKey?.tokens);
  const hasOther = OPENAI_KEY_VARIABLES.some(isSet) || isStored;
  return hasOther ? 'openai' : 'anthropic';
}

/** Entries that have no effect, since a built-in provider has their id. */
export function shadowedProviders(settings: ConfigFile): string[] {
  return LASTING.filter((id) => {
    const entry = settings.model_providers?.[id];
    return entry !== undefined && isComplete(entry);
  }).map((id) => `model_providers.${id} has no effect: "${id}" is built in. Give it another name.`);
}

/** With a sign-in in place of a key OpenAI's models are at another address. */
function chatgptUrl({ env, storedKey }: ProviderSources): string | undefined {
  const isSet = (value: string | null | undefined) => (value ?? '').trim() !== '';
  const hasKey =
    [...OPENAI_KEY_VARIABLES, 'OPENAI_BASE_URL'].some((name) => isSet(env[name])) || isSet(storedKey?.apiKey);
  return !hasKey && storedKey?.tokens ? CHATGPT_URL : undefined;
}

/** The servers on the user's own machine that can be asked for their models. */
export function localProviders(env: Environment): Readonly<Record<LocalServerKind, ModelProvider>> {
  const local = (id: string) => resolveProvider(id, { settings: {}, env, home: '/', storedKey: null });
  return { ollama: local('ollama'), lmstudio: local('lmstudio') };
}

/** With a name and an address an entry is a provider of its own; with less it changes the built-in one of its id. */
function isComplete({ name, base_url: baseUrl }: ProviderEntry): boolean {
  return name !== undefined && baseUrl !== undefined;
}

function identity(
  id: string,
  { name, base_url: baseUrl }: ProviderEntry,
): Pick<ModelProvider, 'id' | 'name' | 'baseUrl'> {
  if (name === undefined) throw new KeelError('invalidConfig', `model_providers.${id}.name is missing`);
  if (baseUrl === undefined) throw new KeelError('invalidConfig', `model_providers.${id}.base_url is missing`);
  return { id, name, baseUrl };
}

/** What an entry sets beside its address. */
function settingsOf(entry: ProviderEntry, sources: ProviderSources): Partial<ModelProvider> {
  return set({
    name: entry.name,
    wireApi: entry.wire_api,
    queryParams: entry.query_params,
    httpHeaders: entry.http_headers,
    envHttpHeaders: entry.env_http_headers,
    requestMaxRetries: atMost(MAX_RETRIES, entry.request_max_retries),
    streamMaxRetries: atMost(MAX_RETRIES, entry.stream_max_retries),
    streamIdleTimeoutMs: atMost(MAX_TIMER_MS, entry.stream_idle_timeout_ms),
    connectTimeoutMs: atMost(MAX_TIMER_MS, entry.connect_timeout_ms),
    requiresOpenaiAuth: entry.requires_openai_auth,
    supportsWebsockets: entry.supports_websockets,
    quirks: entry.quirks,
    envKey: entry.env_key,
    envKeyInstructions: entry.env_key_instructions,
    bearerToken: entry.experimental_bearer_token,
    keyHeader: entry.key_header,
    ...filesOf(entry, sources),
  });
}

function filesOf(entry: ProviderEntry, { env, home }: ProviderSources) {
  const user = userHome(env);
  const at = (path: string) => resolve(home, user !== null && path.startsWith('~/') ? join(user, path.slice(2)) : path);
  const file = (path: string | undefined) => (path === undefined ? undefined : at(path));
  const [program, ...args] = entry.auth_command ?? [];
  const timeoutMs = atMost(MAX_TIMER_MS, entry.auth_command_timeout_ms) ?? DEFAULT_AUTH_MS;
  const lifetimeMs = entry.auth_command_lifetime_ms ?? DEFAULT_TOKEN_MS;
  const isPath = program?.includes(sep);
  return {
    authCommand:
      program === undefined ? undefined : { program: isPath ? at(program) : program, args, timeoutMs, lifetimeMs },
    caFile: file(entry.ca_file),
    clientCert: file(entry.client_cert),
    clientKey: file(entry.client_key),
  };
}

function atMost(limit: number, value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.min(limit, value);
}

type Given<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Without what is not given. */
function set(given: Given<ModelProvider>): Partial<ModelProvider> {
  const kept: Partial<ModelProvider> = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  return kept;
}
