import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { withFileLock } from '../../foundation/files/index.ts';
import { KeelError } from '../../foundation/protocol/index.ts';
import { readJson, reasonOf } from '../../foundation/util/index.ts';
import { readHomeFile } from '../config/layers/index.ts';
import { removeUnusedFolders } from './used-folders.ts';

/** In keel's home: which plugins are installed, and what the user accepted of each. */
export const INSTALLED_FILE = 'plugins.json';
const DIRECTORY = 'plugins';
/** Kept of a digest, in the name of a folder. */
const SHOWN_DIGEST_CHARS = 16;
/** In values of a plugin's servers: the folder that it is installed in. */
export const PLUGIN_FOLDER = '%PLUGIN_FOLDER%';

const table = z.record(z.string(), z.unknown());

/** What of a plugin keel uses. Paths are relative to its folder. */
export const PluginContents = z.object({
  /** Folders that are searched for skills. */
  skills: z.array(z.string()),
  prompts: z.array(z.object({ name: z.string(), path: z.string() })),
  hooks: z.array(z.string()),
  /** In the form of `[mcp_servers.NAME]`, by their own names. */
  servers: z.record(z.string(), table),
  /** In the form of `[agents.NAME]`, by their own names. */
  roles: z.record(z.string(), table),
});
export type PluginContents = z.infer<typeof PluginContents>;

export const InstalledPlugin = z.object({
  name: z.string(),
  version: z.nullable(z.string()),
  description: z.nullable(z.string()),
  /** Where it was copied from: a folder, or `npm:NAME@VERSION`. */
  source: z.string(),
  /** The program that it was written for, whose names of tools its hooks use. */
  format: z.enum(['keel', 'claude', 'codex']),
  /** Digest of its files, as the user accepted them. */
  digest: z.string(),
  enabled: z.boolean(),
  contents: PluginContents,
});
export type InstalledPlugin = z.infer<typeof InstalledPlugin>;

const InstalledFile = z.object({ plugins: z.array(InstalledPlugin) });

/** The installed plugins by name. @throws KeelError `invalidConfig` for a file that is malformed, or that others may write */
export function installedPlugins(home: string): readonly InstalledPlugin[] {
  const text = readHomeFile(home, INSTALLED_FILE);
  if (text === null) return [];
  try {
    return InstalledFile.parse(readJson(text)).plugins;
  } catch (cause) {
    const advice = `remove it and the folder ${join(home, DIRECTORY)}, and add your plugins again`;
    throw new KeelError('invalidConfig', `${join(home, INSTALLED_FILE)} can't be read: ${advice}`, { cause });
  }
}

/** Where plugins are, in keel's home. */
export function pluginsFolder(home: string): string {
  return join(home, DIRECTORY);
}

/** The folder of a plugin: another one for each content, so that a new one takes the place of an old one at once. */
export function pluginFolder(home: string, { name, digest }: Pick<InstalledPlugin, 'name' | 'digest'>): string {
  return join(pluginsFolder(home), name, digest.slice(0, SHOWN_DIGEST_CHARS));
}

/**
 * Changes what is installed, and removes the folders that are not among it any more: one process at a time, so that a folder that
 * `change` puts in its place is not removed before it is on the list.
 * @returns how many folders of removed plugins are left, since processes use them
 * @throws KeelError `storageFailed`, `invalidConfig`, what `change` throws, the reason of `signal`
 */
export async function changeInstalled(
  home: string,
  signal: AbortSignal,
  change: (before: readonly InstalledPlugin[]) => readonly InstalledPlugin[],
): Promise<number> {
  return await withFileLock(join(pluginsFolder(home), '.lock'), signal, () => {
    const plugins = [...change(installedPlugins(home))].sort((a, b) => (a.name < b.name ? -1 : 1));
    const path = join(home, INSTALLED_FILE);
    try {
      mkdirSync(home, { recursive: true, mode: 0o700 });
      const temporary = `${path}.${process.pid}.new`;
      writeFileSync(temporary, `${JSON.stringify({ plugins }, null, 2)}\n`, { mode: 0o600 });
      renameSync(temporary, path);
    } catch (cause) {
      throw new KeelError('storageFailed', `${path} can't be written: ${reasonOf(cause)}`, { cause });
    }
    const kept = plugins.map((plugin) => pluginFolder(home, plugin));
    return removeUnusedFolders(pluginsFolder(home), kept);
  });
}
