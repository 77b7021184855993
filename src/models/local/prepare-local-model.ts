import type { Config, LocalServerKind, ModelProvider } from '../../storage/config/index.ts';
import { commandEnvironment, type EnvironmentSettings, localProviders } from '../../storage/config/index.ts';
import { HttpTransport } from '../client/index.ts';
import { LmStudio } from './lm-studio.ts';
import { LocalHttp } from './local-http.ts';
import type { LocalServer, Sight } from './local-server.ts';
import { Ollama } from './ollama.ts';

/** What is looked at: a provider with `local`, and the model that is to be there. */
export interface LocalModelOptions {
  readonly config: Pick<Config, 'provider' | 'model' | 'cwd'> & EnvironmentSettings;
  readonly signal: AbortSignal;
}

export interface SeenServer {
  readonly sight: Sight;
  /** Null: the server does not list its models. */
  readonly hasModel: boolean | null;
}

/**
 * Checks that a local server runs, and makes it fetch the model that it lacks. `show` gets lines for a person. Any other provider
 * is returned as it is.
 * @returns the provider, with the API that this server speaks
 * @throws KeelError that says what to do; the signal's reason when it aborts
 */
export async function prepareLocalModel(
  options: LocalModelOptions,
  show: (line: string) => void,
): Promise<ModelProvider> {
  const { provider, model } = options.config;
  if (provider.local === undefined) return provider;
  return withServer(provider.local, options, async (server) => {
    const { sight, hasModel } = await see(server, model);
    for (const note of sight.notes) show(note);
    if (hasModel === false) {
      show(`${sight.name} does not have ${model} yet and fetches it`);
      await server.fetch(model, (line) => show(`${model}: ${line}`));
    }
    return { ...provider, wireApi: sight.wireApi };
  });
}

/** Looks for a server of this kind where it usually is, or where the environment says. @throws KeelError if none answers */
export async function localServer(
  kind: LocalServerKind,
  {
    config,
    signal,
  }: Omit<LocalModelOptions, 'config'> & { readonly config: Pick<Config, 'cwd'> & EnvironmentSettings },
): Promise<Sight> {
  const provider = localProviders(config.env)[kind];
  return withServer(kind, { config: { ...config, provider, model: '' }, signal }, (server) => server.look());
}

/** What a local server of this kind shows, without fetching anything. @throws KeelError if it does not answer */
export async function seeLocalServer(kind: LocalServerKind, options: LocalModelOptions): Promise<SeenServer> {
  return withServer(kind, options, (server) => see(server, options.config.model));
}

async function see(server: LocalServer, model: string): Promise<SeenServer> {
  const sight = await server.look();
  return { sight, hasModel: sight.models === null ? null : server.has(sight.models, model) };
}

async function withServer<T>(
  kind: LocalServerKind,
  { config, signal }: LocalModelOptions,
  use: (server: LocalServer) => Promise<T>,
): Promise<T> {
  const transport = new HttpTransport({ env: config.env });
  const { baseUrl, streamIdleTimeoutMs: idleMs } = config.provider;
  const http = new LocalHttp({ transport, idleMs, signal });
  try {
    if (kind === 'ollama') return await use(new Ollama(http, baseUrl));
    const env = commandEnvironment(config, config.env);
    return await use(new LmStudio(http, baseUrl, { env, cwd: config.cwd }));
  } finally {
    transport.close();
  }
}
