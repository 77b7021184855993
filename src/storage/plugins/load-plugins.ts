import { join } from 'node:path';
import { isTable, type Layer, type Table, valueAt } from '../config/layers/index.ts';
import { type InstalledPlugin, installedPlugins, PLUGIN_FOLDER, pluginFolder } from './installed.ts';
import { pluginFault, pluginState } from './plugin-state.ts';
import { useFolder } from './used-folders.ts';

/** What a thread uses of a plugin beside its servers and roles. Paths are absolute. */
export interface LoadedPlugin {
  readonly name: string;
  readonly folder: string;
  readonly format: InstalledPlugin['format'];
  readonly skills: readonly string[];
  readonly prompts: readonly { readonly name: string; readonly path: string }[];
  readonly hooks: readonly string[];
}

/** The plugins that are switched on, and whose files are those that the user accepted. */
export interface LoadedPlugins {
  readonly plugins: readonly LoadedPlugin[];
  /** Their servers and roles, below every other layer of settings. */
  readonly layers: readonly Layer[];
  /** Why others are not used, a sentence each. */
  readonly warnings: readonly string[];
}

/**
 * @param above the layers of settings that come from people
 * @throws KeelError `invalidConfig` as `installedPlugins`
 */
export function loadPlugins(home: string, above: readonly Layer[]): LoadedPlugins {
  const installed = installedPlugins(home).filter(({ enabled }) => enabled);
  // A folder is there to stay before it is looked at.
  for (const plugin of installed) useFolder(pluginFolder(home, plugin));
  const states = installed.map((plugin) => ({ plugin, state: pluginState(home, plugin) }));
  const used = states.flatMap(({ plugin, state }) => (state.type === 'on' ? [plugin] : []));
  const layers = used.map((plugin) => layerOf(plugin, pluginFolder(home, plugin), above));
  return {
    plugins: used.map((plugin) => loaded(plugin, pluginFolder(home, plugin))),
    layers: layers.map(({ layer }) => layer),
    warnings: [
      ...states.flatMap(({ plugin, state }) => pluginFault(plugin, state) ?? []),
      ...layers.flatMap(({ warnings }) => warnings),
    ],
  };
}

/** The name of a plugin's server in `[mcp_servers]`, which is part of its tools' names. */
export function serverName(plugin: string, server: string): string {
  return `${plugin}_${server}`;
}

function loaded({ name, format, contents }: InstalledPlugin, folder: string): LoadedPlugin {
  return {
    name,
    folder,
    format,
    skills: contents.skills.map((path) => join(folder, path)),
    prompts: contents.prompts.map((prompt) => ({ name: `${name}:${prompt.name}`, path: join(folder, prompt.path) })),
    hooks: contents.hooks.map((path) => join(folder, path)),
  };
}

/** A server that the user has defined under the same name is theirs alone: no key of the plugin's gets into it. */
function layerOf({ name, contents }: InstalledPlugin, folder: string, above: readonly Layer[]) {
  const warnings: string[] = [];
  const servers = Object.entries(contents.servers).flatMap(([server, table]) => {
    const own = serverName(name, server);
    const definer = above.find(({ table: other }) =>
      ['command', 'url'].some((key) => valueAt(other, ['mcp_servers', own, key]) !== undefined),
    );
    if (definer === undefined) return [[own, placed(table, folder)] as const];
    warnings.push(`the server ${server} of the plugin ${name} is not used: ${definer.name} has its own ${own}`);
    return [];
  });
  const roles = Object.entries(contents.roles).map(([role, table]) => [`${name}:${role}`, table] as const);
  const table: Table = {
    ...(servers.length === 0 ? {} : { mcp_servers: Object.fromEntries(servers) }),
    ...(roles.length === 0 ? {} : { agents: Object.fromEntries(roles) }),
  };
  return { layer: { name: `plugin ${name}`, table, text: null }, warnings };
}

/** A value with the plugin's folder filled in. */
function placed(value: unknown, folder: string): unknown {
  if (typeof value === 'string') return value.replaceAll(PLUGIN_FOLDER, () => folder);
  if (Array.isArray(value)) return value.map((entry) => placed(entry, folder));
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, placed(entry, folder)]));
}
