import type { LiveThread, ThreadOrigin, Threads } from '../../../engine/threads/index.ts';
import type { Config, Environment } from '../../../storage/config/index.ts';
import type { ThreadSettings } from '../message.ts';
import type { FleetOrigin } from '../options.ts';

export interface LocalModelOptions {
  /** Shows how far the fetch of a model has come. */
  readonly report: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface OpenLiveOptions extends LocalModelOptions {
  readonly threads: Threads;
  readonly config: Config;
  readonly env: Environment;
  /** Of the thread in front, from which this one is made; null: the user comes to a thread. */
  readonly settings: ThreadSettings | null;
}

/** Opens a thread here, or one that the workers of a fleet run. @throws KeelError as both do */
export async function openLive(origin: ThreadOrigin | FleetOrigin, options: OpenLiveOptions): Promise<LiveThread> {
  const { threads, config, env, settings, signal } = options;
  if (origin.type === 'fleet') {
    const { FleetThread } = await import('../../../engine/fleet/index.ts');
    const token = env['KEEL_FLEET_TOKEN'] ?? null;
    return FleetThread.open({ url: origin.url, token, threadId: origin.id }, config, signal);
  }
  const ready = await withLocalModel({ ...config, ...settings }, options);
  // A thread that the user comes to has its own settings, one that is made from the thread in front has those.
  return threads.open({
    config: ready,
    origin,
    answersQuestions: true,
    settings: settings === null ? 'thread' : 'configured',
  });
}

/** A model on this machine is looked for, and fetched if it is not there. @throws KeelError if it can't be used */
export async function withLocalModel(config: Config, { report, signal }: LocalModelOptions): Promise<Config> {
  if (config.provider.local === undefined) return config;
  const { prepareLocalModel } = await import('../../../models/local/index.ts');
  return { ...config, provider: await prepareLocalModel({ config, signal }, report) };
}
