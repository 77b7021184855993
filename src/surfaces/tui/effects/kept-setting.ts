import { recordSettings } from '../../../storage/config/index.ts';
import type { KeptSetting } from '../message.ts';

/** Writes a choice to the user's settings. @returns what was done, for the user */
export async function keepSetting(home: string, setting: KeptSetting): Promise<string> {
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
