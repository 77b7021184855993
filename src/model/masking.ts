import type { ModelProvider } from '../config/index.ts';
import type { Credentials } from './credentials.ts';

const MASK = '***';
const SECRET_NAME = /auth|key|token|secret|cookie|password/i;

/** Every value in a request that is a secret, or looks like one. */
export function secretsOf(provider: ModelProvider, credentials: Credentials): readonly string[] {
  const settings = [...Object.entries(provider.httpHeaders), ...Object.entries(provider.queryParams)];
  return [
    ...(credentials.bearer === null ? [] : [credentials.bearer]),
    ...Object.values(credentials.headers),
    ...settings.filter(([name]) => SECRET_NAME.test(name)).map(([, value]) => value),
  ];
}

/** Headers for people to read. `fromEnvironment`: names whose values came from variables and are masked whatever they are. */
export function maskedHeaders(
  headers: Readonly<Record<string, string>>,
  fromEnvironment: readonly string[],
): Record<string, string> {
  const secretNames = new Set(fromEnvironment.map((name) => name.toLowerCase()));
  const masked = (name: string, value: string): string => {
    if (name === 'Authorization') return `Bearer ${MASK}`;
    return SECRET_NAME.test(name) || secretNames.has(name.toLowerCase()) ? MASK : value;
  };
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, masked(name, value)]));
}

/** An address for people to read: some gateways take their key as a query parameter, some in front of the host. */
export function maskedUrl(address: string): string {
  const url = new URL(address);
  if (url.username !== '' || url.password !== '') {
    url.username = MASK;
    url.password = '';
  }
  for (const name of [...url.searchParams.keys()]) {
    if (SECRET_NAME.test(name)) url.searchParams.set(name, MASK);
  }
  return url.href;
}
