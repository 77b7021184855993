import { isSecretName, isSecretParameter, MASK } from '../../foundation/secrets/index.ts';
import type { ModelProvider } from '../../storage/config/index.ts';
import type { Credentials } from './credentials.ts';

/** Every value in a request to this address that is a secret, or looks like one. */
export function secretsOf(provider: ModelProvider, credentials: Credentials, address: string): readonly string[] {
  const headers = Object.entries(provider.httpHeaders);
  return [
    ...(credentials.bearer === null ? [] : [credentials.bearer]),
    ...Object.values(credentials.headers),
    ...headers.filter(([name]) => isSecretName(name)).map(([, value]) => value),
    ...secretsIn(new URL(address)),
  ];
}

/** Secrets of an address: as it has them, decoded, and in the header that Node makes of a user and a password. */
function secretsIn({ search, searchParams, username, password }: URL): string[] {
  const written = search
    .slice(1)
    .split('&')
    .map((pair) => /^([^=]*)=?(.*)$/s.exec(pair) ?? [])
    .map(([, name = '', value = '']) => [name, value] as const);
  const values = [...written, ...searchParams].filter(([name]) => isSecretParameter(name)).map(([, value]) => value);
  if (username === '' && password === '') return values;
  const [user, word] = [decoded(username), decoded(password)];
  return [
    ...values,
    ...(password === '' ? [username, user] : [password, word]),
    Buffer.from(`${user}:${word}`).toString('base64'),
  ];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // with such a one no request is made
  }
}

/** Headers for people to read. `fromEnvironment`: names whose values came from variables and are masked whatever they are. */
export function maskedHeaders(
  headers: Readonly<Record<string, string>>,
  fromEnvironment: readonly string[],
): Record<string, string> {
  const secretNames = new Set(fromEnvironment.map((name) => name.toLowerCase()));
  const masked = (name: string, value: string): string => {
    if (name === 'Authorization') return `Bearer ${MASK}`;
    return isSecretName(name) || secretNames.has(name.toLowerCase()) ? MASK : value;
  };
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, masked(name, value)]));
}
