import { onOneLine } from '../../../../context/index.ts';
import { installedPlugins, pluginFault, pluginFolder, pluginState } from '../../../../storage/plugins/index.ts';
import { data, note, say } from '../../output.ts';
import { changesSince } from '../../plugins/accepted-files.ts';
import { filesIn, folderPlugin } from '../../plugins/plugin-source.ts';
import { pluginText } from '../../plugins/plugin-text.ts';
import { type ReadPlugin, readPlugin } from '../../plugins/read-plugin.ts';
import { table } from '../../table.ts';
import { type PluginPlace, pluginNamed } from './place.ts';

/** `keel plugin list` */
export async function listPlugins({ io, values, config }: PluginPlace): Promise<number> {
  const { home } = config;
  const plugins = installedPlugins(home).map((plugin) => ({ plugin, state: pluginState(home, plugin) }));
  if (values.json) {
    const shown = plugins.map(({ plugin, state }) => ({
      ...plugin,
      state: state.type,
      folder: pluginFolder(home, plugin),
    }));
    data(io, `${JSON.stringify({ plugins: shown }, null, 2)}\n`);
    return 0;
  }
  const rows = plugins.map(({ plugin: { name, version, source }, state }) => [
    onOneLine(name),
    onOneLine(version ?? '-'),
    state.type,
    onOneLine(source),
  ]);
  say(
    io,
    rows.length === 0
      ? 'No plugins are installed: see docs/plugins.md.\n'
      : table(['Name', 'Version', 'State', 'Source'], rows),
  );
  for (const { plugin, state } of plugins) {
    const fault = pluginFault(plugin, state);
    if (fault !== null) note(io, `warning: ${fault}\n`);
  }
  return 0;
}

/** `keel plugin show`: an installed plugin, or one in a folder. */
export async function showPlugin(place: PluginPlace, word: string): Promise<number> {
  const { io, config } = place;
  const { home, cwd } = config;
  if (/^[./]/.test(word)) {
    const { resolve } = await import('node:path');
    const { plugin, source } = await folderPlugin(resolve(cwd, word));
    show(place, plugin, { source });
    return 0;
  }
  const installed = pluginNamed(place, word);
  const state = pluginState(home, installed);
  const fault = pluginFault(installed, state);
  if (state.type === 'broken') {
    note(io, `warning: ${fault ?? state.reason}\n`);
    return 1;
  }
  const files = filesIn(pluginFolder(home, installed));
  show(place, await readPlugin(files, word), { source: installed.source, state: state.type });
  if (state.type === 'changed' && !place.values.json) {
    say(io, `\nChanges since you accepted it:\n${await changesSince(home, installed, files)}`);
  }
  if (fault !== null) note(io, `warning: ${fault}\n`);
  return 0;
}

function show({ io, values, config }: PluginPlace, plugin: ReadPlugin, more: Readonly<Record<string, string>>): void {
  const { files, ...facts } = plugin;
  if (values.json) data(io, `${JSON.stringify({ ...facts, ...more, files: [...files.keys()] }, null, 2)}\n`);
  else
    say(
      io,
      `${pluginText(plugin, config)}${Object.entries(more)
        .map(([key, text]) => `${key}: ${text}\n`)
        .join('')}`,
    );
}
