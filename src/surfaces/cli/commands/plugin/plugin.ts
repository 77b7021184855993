import { KeelError } from '../../../../foundation/protocol/index.ts';
import { loadConfig } from '../../../../storage/config/index.ts';
import { PluginFault } from '../../../../storage/plugins/index.ts';
import { readCommandLine, refuseMore } from '../../command-line.ts';
import type { Command } from '../../commands.ts';
import type { CommandIo } from '../../io.ts';
import { note } from '../../output.ts';
import { stopSignal } from '../../stop-signal.ts';
import { HelpRequested, UsageError } from '../../usage.ts';
import type { PluginPlace } from './place.ts';
import { pluginSpec } from './spec.ts';

type Verb = (place: PluginPlace, name: string) => Promise<number>;

const verbs: Readonly<Record<string, Verb>> = {
  add: async (place, word) => (await import('./change.ts')).addPlugin(place, word),
  show: async (place, word) => (await import('./show.ts')).showPlugin(place, word),
  enable: async (place, name) => (await import('./change.ts')).enablePlugin(place, name),
  disable: async (place, name) => (await import('./change.ts')).disablePlugin(place, name),
  remove: async (place, name) => (await import('./change.ts')).dropPlugin(place, name),
};

/** `keel plugin`: what others have written for agents, in keel's home. */
export const pluginCommand: Command = { spec: pluginSpec, run };

async function run(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, pluginSpec);
  const [verb, name, ...more] = positionals;
  if (verb === undefined) throw new HelpRequested(pluginSpec);
  refuseMore(more);
  const config = await loadConfig({ env: io.env, cwd: io.cwd, overrides: values.config ?? [], flags: {} });
  using stop = stopSignal(io);
  const place = { io, values, config, signal: stop.signal };
  if (verb === 'list') {
    if (name !== undefined) throw new UsageError('`keel plugin list` takes no name; use `keel plugin show NAME`');
    return (await import('./show.ts')).listPlugins(place);
  }
  const chosen = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (chosen === undefined) throw new UsageError(`there is no "plugin ${verb}"`);
  if (name === undefined) throw new UsageError(`which plugin? keel plugin ${verb} NAME`);
  try {
    return await chosen(place, name);
  } catch (cause) {
    if (stop.signal.aborted && cause === stop.signal.reason && typeof cause === 'number') {
      note(io, '\nNothing was changed.\n');
      return cause;
    }
    if (!(cause instanceof PluginFault)) throw cause;
    throw new KeelError('invalidInput', `${name} can't be used as a plugin: ${cause.message}`, { cause });
  }
}
