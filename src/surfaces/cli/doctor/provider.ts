import { maskedText } from '../../../foundation/secrets/index.ts';
import { monotonicMs, printable, reasonOf } from '../../../foundation/util/index.ts';
import { providerTransport, proxyRoute, resolveCredentials } from '../../../models/client/index.ts';
import { keyHeaders } from '../../../models/wires/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { ANSWER_MS, type Finding } from './finding.ts';

const LOGIN = 'run `keel login`, or set the variable of the provider (docs/config.md, "Keys for models")';
const REFUSED: readonly number[] = [401, 403];

/** The provider of the model: its key, the way to it, and whether it answers. */
export async function providerFindings(config: Config, isOffline: boolean): Promise<Finding[]> {
  const answers = isOffline || config.provider.local !== undefined ? [] : [await reachability(config)];
  return [...proxy(config), credentials(config), ...answers, ...(await localModel(config, isOffline))];
}

function credentials(config: Config): Finding {
  const name = 'credentials';
  try {
    return { name, state: 'ok', detail: resolveCredentials(config.provider, config.env, config.storedKey).source };
  } catch (error) {
    return { name, state: 'note', detail: reasonOf(error), fix: LOGIN };
  }
}

/** A line only where a proxy is in use: most machines have none. */
function proxy({ provider, env }: Config): Finding[] {
  const name = 'proxy';
  try {
    const route = proxyRoute(new URL(provider.baseUrl), env);
    if (route.type === 'direct') return [];
    return [{ name, state: 'ok', detail: `the model is reached through ${route.label}` }];
  } catch (error) {
    return [
      { name, state: 'missing', detail: reasonOf(error), fix: 'set the variable to http://HOST:PORT, or unset it' },
    ];
  }
}

/** Asks for the list of models, which costs nothing. */
async function reachability(config: Config): Promise<Finding> {
  const name = 'provider';
  const { provider } = config;
  const host = new URL(provider.baseUrl).host;
  const transport = providerTransport(config);
  try {
    const started = monotonicMs();
    const request = { method: 'GET', ...listRequest(config), body: [] } as const;
    const response = await transport.send(request, AbortSignal.timeout(ANSWER_MS));
    response.destroy();
    const ms = Math.round(monotonicMs() - started);
    if (response.status === 407) {
      return {
        name,
        state: 'note',
        detail: 'the proxy wants a name and a password',
        fix: 'write them into its variable: http://NAME:PASSWORD@HOST:PORT',
      };
    }
    if (!REFUSED.includes(response.status)) return { name, state: 'ok', detail: `${host} answers within ${ms} ms` };
    return { name, state: 'note', detail: `${host} does not accept the key (HTTP ${response.status})`, fix: LOGIN };
  } catch (error) {
    const isLate = error instanceof Error && error.name === 'TimeoutError';
    const what = isLate ? `no answer within ${ANSWER_MS / 1_000} s` : reasonOf(error);
    return {
      name,
      state: 'note',
      detail: printable(`${host} can't be reached: ${maskedText(what)}`),
      fix: "check the network, the proxy's variables and the provider's base_url",
    };
  } finally {
    transport.close();
  }
}

function listRequest({ provider, env, storedKey }: Config) {
  const { wireApi, baseUrl, httpHeaders, queryParams } = provider;
  const isAnthropic = wireApi === 'anthropic';
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}${isAnthropic ? '/v1' : ''}/models`);
  for (const [key, value] of Object.entries(queryParams)) url.searchParams.set(key, value);
  const { bearer, headers } = keyOf(() => resolveCredentials(provider, env, storedKey));
  const key = keyHeaders(provider, bearer, isAnthropic ? 'x-api-key' : 'bearer');
  const form: Record<string, string> = isAnthropic ? { 'anthropic-version': '2023-06-01' } : {};
  return { url: url.href, headers: { ...form, ...key, ...httpHeaders, ...headers } };
}

/** Without a key the server is asked all the same: it answers, or it does not. */
function keyOf(resolve: () => { readonly bearer: string | null; readonly headers: Readonly<Record<string, string>> }) {
  try {
    return resolve();
  } catch {
    // The finding about credentials says so.
    return { bearer: null, headers: {} };
  }
}

async function localModel(config: Config, isOffline: boolean): Promise<Finding[]> {
  const name = 'local model';
  const kind = config.provider.local;
  if (kind === undefined || isOffline) return [];
  try {
    const { seeLocalServer } = await import('../../../models/local/index.ts');
    const { sight, hasModel } = await seeLocalServer(kind, { config, signal: new AbortController().signal });
    const notes = sight.notes.map((detail): Finding => ({ name, state: 'note', detail: printable(detail) }));
    const missing = `will fetch ${config.model} when it is used`;
    const has = hasModel === null ? 'is running' : hasModel ? `has ${config.model}` : missing;
    return [{ name, state: hasModel === false ? 'note' : 'ok', detail: printable(`${sight.name} ${has}`) }, ...notes];
  } catch (error) {
    return [{ name, state: 'missing', detail: printable(reasonOf(error)) }];
  }
}
