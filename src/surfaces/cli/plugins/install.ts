import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf, temporaryDirectory } from '../../../foundation/util/index.ts';
import {
  changeInstalled,
  filesDigest,
  folderFiles,
  InstalledPlugin,
  installedPlugins,
  PluginFault,
  pluginFolder,
  removeUnusedFolders,
} from '../../../storage/plugins/index.ts';
import { recordAccepted } from './accepted-files.ts';
import type { FoundPlugin } from './plugin-source.ts';

interface InstallOptions {
  readonly home: string;
  readonly enabled: boolean;
  readonly signal: AbortSignal;
}

/**
 * Copies a plugin into keel's home. It is complete under a name of its own before it counts, and what was there counts until then.
 * @throws KeelError `storageFailed`
 */
export async function installPlugin({ plugin, source }: FoundPlugin, options: InstallOptions): Promise<void> {
  const { home, enabled, signal } = options;
  const folder = pluginFolder(home, plugin);
  try {
    using staging = temporaryDirectory(home, 'plugin');
    const copy = join(staging.path, 'copy');
    for (const { path, content, isExecutable } of plugin.files.values()) {
      const file = join(copy, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, content, { mode: isExecutable ? 0o700 : 0o600, flag: 'wx' });
    }
    mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
    if (!hasContent(folder, plugin.digest)) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(copy, folder);
    }
    recordAccepted(home, plugin);
  } catch (cause) {
    throw new KeelError('storageFailed', `${folder} can't be written: ${reasonOf(cause)}`, { cause });
  }
  const { files: _files, notes: _notes, ...facts } = plugin;
  const installed = InstalledPlugin.parse({ ...facts, source, enabled });
  await changeInstalled(home, signal, (before) => [...before.filter(({ name }) => name !== plugin.name), installed]);
  removeUnusedFolders(home, installedPlugins(home));
}

/**
 * Removes a plugin. Its files stay for as long as a process uses them.
 * @returns how many folders of removed plugins are left
 * @throws KeelError
 */
export async function removePlugin(home: string, name: string, signal: AbortSignal): Promise<number> {
  await changeInstalled(home, signal, (before) => before.filter((one) => one.name !== name));
  return removeUnusedFolders(home, installedPlugins(home));
}

/** Threads that run may use a folder: one that has the right content stays as it is. */
function hasContent(folder: string, digest: string): boolean {
  try {
    return existsSync(folder) && filesDigest(folderFiles(folder)) === digest;
  } catch (error) {
    if (error instanceof PluginFault) return false;
    throw error;
  }
}
