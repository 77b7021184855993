import { KeelError } from '../../../../foundation/protocol/index.ts';
import type { Config } from '../../../../storage/config/index.ts';
import { type InstalledPlugin, installedPlugins } from '../../../../storage/plugins/index.ts';
import type { CommandIo } from '../../io.ts';
import type { PluginValues } from './spec.ts';

/** What the verbs of `keel plugin` work with. */
export interface PluginPlace {
  readonly io: CommandIo;
  readonly values: PluginValues;
  readonly config: Config;
  readonly signal: AbortSignal;
}

/** @throws KeelError `invalidInput` if there is none of that name */
export function pluginNamed({ config }: PluginPlace, name: string): InstalledPlugin {
  const plugin = installedPlugins(config.home).find((one) => one.name === name);
  if (plugin === undefined) throw new KeelError('invalidInput', `there is no plugin ${name}: see \`keel plugin list\``);
  return plugin;
}
