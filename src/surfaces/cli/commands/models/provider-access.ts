import { randomUUID } from 'node:crypto';
import { version } from '../../../../foundation/util/index.ts';
import { renewableCredentials } from '../../../../models/auth/index.ts';
import { modelInfo, ServerFacts } from '../../../../models/catalogue/index.ts';
import {
  type ListedModel,
  listModels,
  loadWire,
  ModelClient,
  providerTransport,
  resolveCredentials,
  userAgent,
} from '../../../../models/client/index.ts';
import type { Config } from '../../../../storage/config/index.ts';

/** The configured provider, spoken to as sessions do. Close it when it is no longer needed. */
export interface ProviderAccess {
  readonly client: ModelClient;
  /** What was learned of the server from what it refused. */
  readonly serverFacts: ServerFacts;
  /** @throws KeelError; the signal's reason when it aborts */
  list(signal: AbortSignal): Promise<readonly ListedModel[]>;
  close(): void;
}

/** @throws KeelError `missingCredentials`, `invalidConfig` */
export async function providerAccess(config: Config): Promise<ProviderAccess> {
  const { provider, env, storedKey, effort, summary, verbosity } = config;
  const threadId = randomUUID();
  const transport = providerTransport(config);
  const renewable = renewableCredentials(config);
  const serverFacts = new ServerFacts(provider);
  const model = modelInfo(config.model, config);
  const credentials = () => resolveCredentials(provider, env, storedKey);
  const makeWire = await loadWire(provider.wireApi);
  const identity = { originator: 'keel_cli', userAgent: userAgent({ originator: 'keel_cli', version, env }) };
  const client = new ModelClient({
    ...{ wire: makeWire, provider, model, threadId, effort, summary, verbosity, serverFacts, transport, credentials },
    ...identity,
    renewable,
    sessionSource: 'cli',
  });
  const wire = makeWire({ provider, model, threadId, effort, summary, verbosity });
  return {
    client,
    serverFacts,
    async list(signal) {
      const { bearer, headers, source } = renewable === null ? credentials() : await renewable.current(signal);
      const url = wire.url();
      const sent = { ...identity, ...provider.httpHeaders, ...headers, ...wire.headers(bearer) };
      const secrets = [...Object.values(headers), ...(bearer === null ? [] : [bearer])];
      const context = { secrets, keySource: source, host: new URL(url).host, nowMs: Date.now };
      return listModels({ url, headers: named(sent), transport, context }, signal);
    },
    close: () => transport.close(),
  };
}

/** As ModelClient names them. */
function named({ userAgent: agent, ...headers }: Record<string, string>): Record<string, string> {
  return agent === undefined ? headers : { ...headers, 'User-Agent': agent };
}
