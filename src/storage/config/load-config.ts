import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { KeelError } from '../../foundation/protocol/index.ts';
import type { LoadedPlugins } from '../plugins/index.ts';
import { flagSettings } from './flag-settings.ts';
import { resolveHome, withDotenv } from './home.ts';
import {
  type ConfigFile,
  checkedSettings,
  type Layer,
  managedSettings,
  type ProjectServer,
  readLayers,
} from './layers/index.ts';
import type { LoadOptions } from './load-options.ts';
import { shadowedProviders } from './providers.ts';
import { resolveConfig } from './resolve-config.ts';
import { networkRules } from './sections/network.ts';
import { chosenSettings } from './thread-settings.ts';
import type { Config } from './types.ts';

/** Where the machine's administrator puts things. */
const SYSTEM_DIR = '/etc/keel';
const NO_PLUGINS: LoadedPlugins = { plugins: [], layers: [], warnings: [] };

/** The settings in force and the layers they came from, lowest first. */
export interface LoadedConfig {
  readonly config: Config;
  readonly settings: ConfigFile;
  readonly layers: readonly Layer[];
  /** MCP servers that the project defines, also those that the user has not accepted. */
  readonly projectServers: readonly ProjectServer[];
}

/** @throws KeelError `invalidConfig` that names the place and what would be right */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  return (await loadConfigWithOrigins(options)).config;
}

/** The same, with what `keel config` needs to show where a setting comes from. */
export async function loadConfigWithOrigins(options: LoadOptions): Promise<LoadedConfig> {
  const { flags, overrides, systemDir = SYSTEM_DIR } = options;
  const cwd = canonical(options.cwd);
  const home = resolveHome(options.env);
  const env = withDotenv(home, options.env);
  const read = await readLayers(home, {
    cwd,
    overrides,
    systemDir,
    flagSettings: (below) => flagSettings(flags, cwd, below),
    mcpFiles: flags.mcpFiles ?? [],
    trusted: flags.trusted ?? false,
    withUserFile: !flags.withoutUserFile,
    userText: options.userText ?? null,
  });
  const plugins = flags.withoutUserFile ? NO_PLUGINS : await pluginsOf(home, read.layers);
  const layers = [...plugins.layers, ...read.layers];
  const { settings, unknown } = await checkedSettings(layers, { mayHavePlugins: plugins !== NO_PLUGINS });
  if (options.strict && unknown.length > 0) throw new KeelError('invalidConfig', unknown.join('\n'));
  const warnings = [...read.warnings, ...plugins.warnings, ...unknown, ...shadowedProviders(settings)];
  const network = networkRules(settings, layers);
  const chosen = chosenSettings(flags, read.insistent);
  const managed = managedSettings(read.managed, flags.addDirs ?? []);
  const places = { home, env, cwd, flags, systemDir, plugins: plugins.plugins };
  const config = resolveConfig({
    ...places,
    settings,
    layers,
    network,
    chosen,
    managed,
    warnings,
    definitions: read.definitions,
  });
  return { config, settings, layers, projectServers: read.projectServers };
}

/** One look, and nothing is loaded, where no plugin was ever installed. */
async function pluginsOf(home: string, above: readonly Layer[]): Promise<LoadedPlugins> {
  if (!existsSync(join(home, 'plugins.json'))) return NO_PLUGINS;
  return (await import('../plugins/index.ts')).loadPlugins(home, above);
}

/** With symlinks resolved; as it is named if it does not exist. */
function canonical(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    // The caller that uses it reports that it is missing.
    return path;
  }
}
