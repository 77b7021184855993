import { KeelError } from '../../../../foundation/protocol/index.ts';
import { raceAbort } from '../../../../foundation/util/index.ts';
import {
  changeInstalled,
  type InstalledPlugin,
  installedPlugins,
  pluginFolder,
  pluginState,
} from '../../../../storage/plugins/index.ts';
import { note, say } from '../../output.ts';
import { changesSince } from '../../plugins/accepted-files.ts';
import { installPlugin, removePlugin } from '../../plugins/install.ts';
import { type FoundPlugin, filesIn, foundPlugin } from '../../plugins/plugin-source.ts';
import { pluginText } from '../../plugins/plugin-text.ts';
import { readPlugin } from '../../plugins/read-plugin.ts';
import { type PluginPlace, pluginNamed } from './place.ts';

/** `keel plugin add`. @throws KeelError, UsageError, PluginFault; nothing is installed then */
export async function addPlugin(place: PluginPlace, word: string): Promise<number> {
  const { io, config } = place;
  const { home } = config;
  const found = await foundPlugin(io, word, config);
  const { plugin } = found;
  const before = installedPlugins(home).find(({ name }) => name === plugin.name);
  say(io, pluginText(plugin, config));
  if (before !== undefined) await showChanges(place, before, found);
  await accept(place, before === undefined ? 'Install it?' : `Install it in place of ${plugin.name} as it is?`);
  await installPlugin(found, { home, enabled: true, signal: place.signal });
  note(io, `Plugin ${plugin.name} is installed. Threads that start from now on use it.\n`);
  return 0;
}

/** `keel plugin enable`: one that has changed is accepted as it is. */
export async function enablePlugin(place: PluginPlace, name: string): Promise<number> {
  const { io, config, signal } = place;
  const installed = pluginNamed(place, name);
  const state = pluginState(config.home, installed);
  if (state.type === 'broken') {
    throw new KeelError('invalidInput', `${name} can't be used: ${state.reason}; add it again, or remove it`);
  }
  if (state.type === 'changed') {
    const plugin = await readPlugin(filesIn(pluginFolder(config.home, installed)), name);
    if (plugin.name !== name)
      throw new KeelError('invalidInput', `its name has changed to ${plugin.name}: remove ${name}`);
    const found = { plugin, source: installed.source };
    say(io, pluginText(plugin, config));
    await showChanges(place, installed, found);
    await accept(place, 'Accept it as it is now?');
    await installPlugin(found, { home: config.home, enabled: true, signal });
  } else await setEnabled(place, name, true);
  note(io, `Plugin ${name} is on.\n`);
  return 0;
}

/** `keel plugin disable` */
export async function disablePlugin(place: PluginPlace, name: string): Promise<number> {
  pluginNamed(place, name);
  await setEnabled(place, name, false);
  note(place.io, `Plugin ${name} is off.\n`);
  return 0;
}

/** `keel plugin remove` */
export async function dropPlugin(place: PluginPlace, name: string): Promise<number> {
  pluginNamed(place, name);
  const left = await removePlugin(place.config.home, name, place.signal);
  const rest = left === 0 ? '' : ' Threads that run now use it until keel ends there; then its files go, too.';
  note(place.io, `Plugin ${name} is removed.${rest}\n`);
  return 0;
}

async function setEnabled({ config, signal }: PluginPlace, name: string, enabled: boolean): Promise<void> {
  await changeInstalled(config.home, signal, (all) =>
    all.map((one) => (one.name === name ? { ...one, enabled } : one)),
  );
}

async function showChanges(
  { io, config }: PluginPlace,
  before: InstalledPlugin,
  { plugin }: FoundPlugin,
): Promise<void> {
  const changes = await changesSince(config.home, before, plugin.files);
  say(
    io,
    changes === '' ? 'Its files are those that are installed.\n' : `\nChanges since you accepted it:\n${changes}`,
  );
}

/** @throws KeelError `invalidInput` if the user does not agree, or can't be asked; the reason of the signal */
async function accept({ io, values, signal }: PluginPlace, question: string): Promise<void> {
  if (values.yes) return;
  if (!io.stdin.isTTY) {
    throw new KeelError('invalidInput', 'nothing was changed: look at what is above, and say yes with --yes');
  }
  note(io, `${question} [y/N] `);
  try {
    // Anything but yes is no, and so is the end of the input.
    const answer = await raceAbort(lineOf(io.stdin), signal);
    if (!/^\s*y(?:es)?\s*$/i.test(answer)) throw new KeelError('invalidInput', 'nothing was changed');
  } finally {
    io.stdin.destroy();
  }
}

async function lineOf(stdin: PluginPlace['io']['stdin']): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n')[0] ?? '';
}
