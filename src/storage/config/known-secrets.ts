import { isSecretlyNamed, isSecretName, isSecretParameter, secretsOf } from '../../foundation/secrets/index.ts';
import { BUILT_IN_KEYS } from './built-in-providers.ts';
import { isTable, type Layer } from './layers/index.ts';
import { OPENAI_KEY_VARIABLES } from './providers.ts';
import type { Config, KnownSecrets } from './types.ts';

/** What OpenTelemetry names its own: lists of headers, which are how a collector is signed in to. */
const OTEL_HEADERS = ['', 'TRACES_', 'METRICS_', 'LOGS_'].map((signal) => `OTEL_EXPORTER_OTLP_${signal}HEADERS`);
const KEY_VARIABLES = [...OPENAI_KEY_VARIABLES, ...BUILT_IN_KEYS, ...OTEL_HEADERS];

/** Settings that name a variable with a secret, at any depth: of every provider and server, used or not, in every layer. */
const NAMES_A_VARIABLE: ReadonlySet<string> = new Set(['env_key', 'bearer_token_env_var', 'client_secret_env_var']);
const VALUE_IS_SECRET: ReadonlySet<string> = new Set(['experimental_bearer_token', 'bearer_token']);

/** The secrets that settings name or contain. */
export function knownSecrets(layers: readonly Layer[]): KnownSecrets {
  const variables = new Set<string>(KEY_VARIABLES);
  const values = new Set<string>();
  for (const { table } of layers) gather(table, variables, values);
  return { variables: [...variables], values: [...values] };
}

/** Every value that must be in no command's environment, error text, log or record. */
export function secretValues({ secrets, env, storedKey }: Pick<Config, 'secrets' | 'env' | 'storedKey'>): string[] {
  const named = secrets.variables.map((name) => env[name]?.trim() ?? '');
  const all = [...secrets.values, ...named, ...storedSecrets(storedKey), ...secretsOf(env)];
  return [...new Set(all)].filter((value) => value !== '');
}

function storedSecrets(stored: Config['storedKey']): string[] {
  const { apiKey, keys = {}, tokens = null } = stored ?? { apiKey: null };
  const ofSignIn = tokens === null ? [] : [tokens.idToken, tokens.accessToken, tokens.refreshToken];
  return [apiKey ?? '', ...Object.values(keys), ...ofSignIn].map((value) => value.trim());
}

/** Digits and letters in one long word: a key, whatever its name. */
const MIXED = /^(?=.*\d)(?=.*[A-Za-z])\S{16,}$/;

function gather(table: object, variables: Set<string>, values: Set<string>): void {
  for (const [key, value] of Object.entries(table)) {
    if (typeof value === 'string') {
      if (NAMES_A_VARIABLE.has(key)) variables.add(value);
      if (VALUE_IS_SECRET.has(key)) values.add(value);
    } else if (Array.isArray(value)) {
      for (const entry of value) if (isTable(entry)) gather(entry, variables, values);
    } else if (isTable(value)) {
      for (const [name, text] of stringsOf(value)) {
        if (key === 'env_http_headers' || key === 'env_headers') variables.add(text);
        // Collectors take their keys under names that are none elsewhere, such as `x-honeycomb-team`; other headers are plain words.
        if (key === 'headers' && (isSecretlyNamed(name, text) || MIXED.test(text))) values.add(text);
        if (key === 'http_headers' && isSecretName(name)) values.add(text);
        if (key === 'query_params' && isSecretParameter(name)) values.add(text);
        if (key === 'env' && isSecretlyNamed(name, text)) values.add(text);
      }
      gather(value, variables, values);
    }
  }
}

function stringsOf(table: object): [string, string][] {
  return Object.entries(table).flatMap(([name, text]): [string, string][] =>
    typeof text === 'string' ? [[name, text]] : [],
  );
}
