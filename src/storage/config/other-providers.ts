import { KeelError } from '../../foundation/protocol/index.ts';
import { BUILT_IN_IDS, knownModel } from './built-in-providers.ts';
import type { LoadedConfig } from './load-config.ts';
import { resolveProvider } from './providers.ts';
import type { ModelProvider } from './types.ts';

/** A provider that could take the place of the one in use. */
export interface OtherProvider {
  readonly provider: ModelProvider;
  /** Whether the settings have an entry for it. */
  readonly isConfigured: boolean;
  /** A model that it serves; null: only the user knows the names of its models. */
  readonly model: string | null;
}

/**
 * Every provider but the one in use: those of the settings, then those that are built in. One whose address is not known is left out.
 * @param inUse id of the provider in use, which need not be the configured one any more
 */
export function otherProviders(
  { config, settings }: Pick<LoadedConfig, 'config' | 'settings'>,
  inUse: string,
): OtherProvider[] {
  const { env, home, storedKey } = config;
  const configured = Object.keys(settings.model_providers ?? {});
  const ids = [...new Set([...configured, ...BUILT_IN_IDS])].filter((id) => id !== inUse);
  return ids.flatMap((id) => {
    try {
      const provider = resolveProvider(id, { settings, env, home, storedKey });
      return [{ provider, isConfigured: configured.includes(id), model: knownModel(id) }];
    } catch (error) {
      if (error instanceof KeelError) return [];
      throw error;
    }
  });
}
