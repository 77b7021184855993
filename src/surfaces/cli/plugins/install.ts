import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf, temporaryDirectory } from '../../../foundation/util/index.ts';
import {
  changeInstalled,
  filesDigest,
  folderFiles,
  InstalledPlugin,
  PluginFault,
  pluginFolder,
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
 * @throws KeelError, the reason of the signal
 */
export async function installPlugin({ plugin, source }: FoundPlugin, options: InstallOptions): Promise<void> {
  const { home, enabled, signal } = options;
  const folder = pluginFolder(home, plugin);
  const { files: _files, notes: _notes, ...facts } = plugin;
  const installed = InstalledPlugin.parse({ ...facts, source, enabled });
  try {
    using staging = temporaryDirectory(home, 'plugin');
    const copy = join(staging.path, 'copy');
    for (const { path, content, isExecutable } of plugin.files.values()) {
      const file = join(copy, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, content, { mode: isExecutable ? 0o700 : 0o600, flag: 'wx' });
    }
    await changeInstalled(home, signal, (before) => {
      mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
      if (!hasContent(folder, plugin.digest)) {
        rmSync(folder, { recursive: true, force: true });
        renameSync(copy, folder);
      }
      recordAccepted(home, plugin);
      return [...before.filter(({ name }) => name !== plugin.name), installed];
    });
  } catch (cause) {
    if (cause instanceof KeelError || signal.aborted) throw cause;
    throw new KeelError('storageFailed', `${folder} can't be written: ${reasonOf(cause)}`, { cause });
  }
}

/**
 * Removes a plugin. Its files stay for as long as a process uses them.
 * @returns how many folders of removed plugins are left
 * @throws KeelError
 */
export async function removePlugin(home: string, name: string, signal: AbortSignal): Promise<number> {
  return await changeInstalled(home, signal, (before) => before.filter((one) => one.name !== name));
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
