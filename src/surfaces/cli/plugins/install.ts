import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { reasonOf, temporaryDirectory } from '../../../foundation/util/index.ts';
import { changeInstalled, InstalledPlugin, pluginFolder, pluginsFolder } from '../../../storage/plugins/index.ts';
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
    // What is there under the name of this content has another one by now.
    rmSync(folder, { recursive: true, force: true });
    renameSync(copy, folder);
    recordAccepted(home, plugin);
  } catch (cause) {
    throw new KeelError('storageFailed', `${folder} can't be written: ${reasonOf(cause)}`, { cause });
  }
  const { files: _files, notes: _notes, ...facts } = plugin;
  const installed = InstalledPlugin.parse({ ...facts, source, enabled });
  await changeInstalled(home, signal, (before) => [...before.filter(({ name }) => name !== plugin.name), installed]);
  removeOthers(folder);
}

/** Removes a plugin. @throws KeelError */
export async function removePlugin(home: string, name: string, signal: AbortSignal): Promise<void> {
  await changeInstalled(home, signal, (before) => before.filter((one) => one.name !== name));
  rmSync(join(pluginsFolder(home), name), { recursive: true, force: true });
}

/** Earlier contents of the plugin. */
function removeOthers(folder: string): void {
  const parent = dirname(folder);
  if (!existsSync(parent)) return;
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(basename(folder))) rmSync(join(parent, name), { recursive: true, force: true });
  }
}
