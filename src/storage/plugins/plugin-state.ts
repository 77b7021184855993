import { existsSync } from 'node:fs';
import { type InstalledPlugin, pluginFolder } from './installed.ts';
import { filesDigest, folderFiles, PluginFault } from './plugin-files.ts';

/** Whether a plugin counts. */
export type PluginState =
  | { readonly type: 'on' }
  /** The user switched it off. */
  | { readonly type: 'off' }
  /** Its files are not those that the user accepted. */
  | { readonly type: 'changed' }
  /** `reason`: why its files can't be used, as the end of a sentence. */
  | { readonly type: 'broken'; readonly reason: string };

/** Compares the files of a plugin with what the user accepted. */
export function pluginState(home: string, plugin: InstalledPlugin): PluginState {
  const folder = pluginFolder(home, plugin);
  if (!existsSync(folder)) return { type: 'broken', reason: 'its files are gone' };
  try {
    if (filesDigest(folderFiles(folder)) !== plugin.digest) return { type: 'changed' };
  } catch (error) {
    if (error instanceof PluginFault) return { type: 'broken', reason: error.message };
    throw error;
  }
  return plugin.enabled ? { type: 'on' } : { type: 'off' };
}

/** What to do about a plugin that does not count, as a sentence; null: nothing. */
export function pluginFault({ name }: Pick<InstalledPlugin, 'name'>, state: PluginState): string | null {
  switch (state.type) {
    case 'on':
    case 'off':
      return null;
    case 'changed':
      return `the plugin ${name} is not used, since its files have changed: look at \`keel plugin show ${name}\`, then accept them with \`keel plugin enable ${name}\``;
    case 'broken':
      return `the plugin ${name} is not used: ${state.reason}; add it again, or \`keel plugin remove ${name}\``;
  }
}
