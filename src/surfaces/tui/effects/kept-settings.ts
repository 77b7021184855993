import type { Config, SettingToRecord } from '../../../storage/config/index.ts';
import type { KeptSetting } from '../message.ts';

type ChosenModel = Extract<KeptSetting, { type: 'model' }>;

/**
 * Writes a choice to the user's configuration, for later starts.
 * @param profile that the command line names; null: none
 * @returns what to say about it
 * @throws KeelError `invalidConfig`
 */
export async function keepSetting(config: Config, profile: string | null, setting: KeptSetting): Promise<string> {
  const { recordSettings } = await import('../../../storage/config/index.ts');
  if (setting.type === 'theme') {
    await recordSettings(config.home, [{ table: ['tui'], key: 'theme', value: setting.theme }]);
    return `Theme: ${setting.theme}, kept in config.toml.`;
  }
  const settings = await modelSettings(config, profile, setting);
  if (settings === null) {
    return `The model is not kept for new threads: the provider ${config.provider.id} is not in the configuration.`;
  }
  await recordSettings(config.home, settings);
  return 'The model is kept in config.toml, for new threads.';
}

/**
 * A model belongs to a provider: where the files mean another one, that is kept with it. Null: they don't know the provider, which
 * the command line alone defines.
 */
async function modelSettings(
  { env, cwd, provider }: Config,
  profile: string | null,
  { model, effort }: ChosenModel,
): Promise<SettingToRecord[] | null> {
  const { loadConfigWithOrigins, otherProviders } = await import('../../../storage/config/index.ts');
  const flags = profile === null ? {} : { profile };
  const usual = await loadConfigWithOrigins({ env, cwd, overrides: [], flags });
  const { id: usualId } = usual.config.provider;
  const isUsual = usualId === provider.id;
  const isKnown = isUsual || otherProviders(usual, usualId).some((other) => other.provider.id === provider.id);
  if (!isKnown) return null;
  const named = usual.settings.profile;
  const table = named === undefined ? [] : ['profiles', named];
  return [
    ...(isUsual ? [] : [{ table, key: 'model_provider', value: provider.id }]),
    { table, key: 'model', value: model },
    { table, key: 'model_reasoning_effort', value: effort },
  ];
}

/** Removes the key that is stored. @returns what to say about it */
export async function forgetKey(home: string): Promise<string> {
  const { removeStoredKey } = await import('../../../storage/config/index.ts');
  return removeStoredKey(home)
    ? 'The stored key is removed. This thread keeps what it has read until it is closed; the next ones need another key.'
    : 'There was no stored key.';
}
