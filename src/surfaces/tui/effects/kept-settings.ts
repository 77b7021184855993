import type { KeptSetting } from '../message.ts';

/** Writes a choice to the user's configuration, for later starts. @returns what to say about it @throws KeelError `invalidConfig` */
export async function keepSetting(home: string, setting: KeptSetting): Promise<string> {
  const { recordSettings } = await import('../../../storage/config/index.ts');
  if (setting.type === 'theme') {
    await recordSettings(home, [{ table: ['tui'], key: 'theme', value: setting.theme }]);
    return `Theme: ${setting.theme}, kept in config.toml.`;
  }
  const { model, effort } = setting;
  await recordSettings(home, [
    { table: [], key: 'model', value: model },
    { table: [], key: 'model_reasoning_effort', value: effort },
  ]);
  return 'The model is kept in config.toml, for new threads.';
}

/** Removes the key that is stored. @returns what to say about it */
export async function forgetKey(home: string): Promise<string> {
  const { removeStoredKey } = await import('../../../storage/config/index.ts');
  return removeStoredKey(home)
    ? 'The stored key is removed. This thread keeps what it has read until it is closed; the next ones need another key.'
    : 'There was no stored key.';
}
