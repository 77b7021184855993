import { KeelError } from '../../foundation/protocol/index.ts';
import {
  BUILT_IN_IDS,
  type ModelProvider,
  OPENAI_KEY_VARIABLES,
  type StoredKey,
  type StoredTokens,
} from '../../storage/config/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What authorises a request. Never logged, printed or put into an error. */
export interface Credentials {
  /** Null: the provider is asked without a key. */
  readonly bearer: string | null;
  /** Where the key came from, for a person, e.g. `the environment variable OPENAI_API_KEY`. */
  readonly source: string;
  /** Headers whose values come from the environment, and those of a sign-in. */
  readonly headers: Readonly<Record<string, string>>;
  /** That of tokens that end by themselves. */
  readonly kind?: 'signIn';
}

/** Credentials that end and are made by somebody else. A failure is a KeelError in words, without a secret. */
export interface RenewableCredentials {
  /** Credentials for a request. */
  current(signal: AbortSignal): Promise<Credentials>;
  /** The server refused these: others, or null where there are no others. */
  renewed(refused: Credentials, signal: AbortSignal): Promise<Credentials | null>;
}

/**
 * Finds the key for a provider: literal token, (not yet known) what its program prints, the provider's variable, the general variables (OpenAI only), the stored
 * key. Throws `missingCredentials` when the provider needs one and there is none, so that no request is sent in vain.
 */
export function resolveCredentials(provider: ModelProvider, env: Environment, stored: StoredKey | null): Credentials {
  const { headers = {}, ...key } = resolveKey(provider, env, stored);
  return { ...key, headers: { ...environmentHeaders(provider, env), ...headers } };
}

type Key = Omit<Credentials, 'headers'> & Partial<Pick<Credentials, 'headers'>>;

function resolveKey(provider: ModelProvider, env: Environment, stored: StoredKey | null): Key {
  if (isSet(provider.bearerToken)) {
    return { bearer: provider.bearerToken, source: `experimental_bearer_token of provider "${provider.id}"` };
  }
  if (provider.authCommand !== undefined) {
    return { bearer: null, source: `the program of auth_command (${provider.authCommand.program})` };
  }
  const usesOpenaiKeys = provider.requiresOpenaiAuth || provider.id === 'openai';
  const variables = [
    ...(provider.envKey === undefined ? [] : [provider.envKey]),
    ...(usesOpenaiKeys ? OPENAI_KEY_VARIABLES : []),
  ];
  for (const name of variables) {
    const value = env[name];
    if (isSet(value)) return { bearer: value.trim(), source: `the environment variable ${name}` };
  }
  // The key was stored for OpenAI: a provider with another API is somebody else, and one that wants no key gets none.
  const own = stored?.keys?.[provider.id];
  if (isSet(own)) return { bearer: own.trim(), source: stored?.path ?? 'the stored key' };
  const isOwn = provider.envKey !== undefined && !BUILT_IN_IDS.includes(provider.id);
  const mayBeStored = provider.wireApi === 'responses' && (usesOpenaiKeys || isOwn);
  if (mayBeStored && isSet(stored?.apiKey)) return { bearer: stored.apiKey.trim(), source: stored.path };
  if (usesOpenaiKeys && stored?.tokens) return signedIn(stored.tokens, stored.path);
  const unread = stored?.fault === undefined ? '' : ` What is stored can't be used: ${stored.fault}.`;
  if (provider.envKey !== undefined) throw missingVariable(provider, provider.envKey, unread);
  if (usesOpenaiKeys) throw missingOpenaiKey(unread);
  return { bearer: null, source: 'no key' };
}

/** What a sign-in authorises requests with; the account is named beside its token. */
export function signedIn({ accessToken, accountId }: StoredTokens, path: string): Credentials {
  const headers: Record<string, string> = accountId === null ? {} : { 'chatgpt-account-id': accountId };
  return { bearer: accessToken, source: `the sign-in with ChatGPT in ${path}`, headers, kind: 'signIn' };
}

function missingVariable(provider: ModelProvider, name: string, unread: string): KeelError {
  const help = provider.envKeyInstructions ?? `Set it to your key for ${provider.name}.`;
  return new KeelError('missingCredentials', `Missing environment variable: \`${name}\`. ${help}${unread}`);
}

function missingOpenaiKey(unread: string): KeelError {
  const message = 'No API key found: set the environment variable OPENAI_API_KEY, or run `keel login --with-api-key`.';
  return new KeelError('missingCredentials', `${message}${unread}`);
}

/** Headers of a provider whose values are in variables. */
export function environmentHeaders(provider: ModelProvider, env: Environment): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [header, variable] of Object.entries(provider.envHttpHeaders)) {
    const value = env[variable];
    if (isSet(value)) headers[header] = value.trim();
  }
  return headers;
}

function isSet(value: string | null | undefined): value is string {
  return value !== undefined && value !== null && value.trim() !== '';
}
