import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { KeelError } from '../../../foundation/protocol/index.ts';
import { userHome } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { folderFiles, PluginFault } from '../../../storage/plugins/index.ts';
import type { CommandIo } from '../io.ts';
import { UsageError } from '../usage.ts';
import { jsonIn, type PluginFileMap } from './parts/part-source.ts';
import { type ReadPlugin, readPlugin } from './read-plugin.ts';

const PackageFile = z.looseObject({ dependencies: z.optional(z.record(z.string(), z.string())) });

/** A plugin that could be installed, and where it was found. */
export interface FoundPlugin {
  readonly plugin: ReadPlugin;
  readonly source: string;
}

/**
 * Reads the plugin that a word of the command line names: a folder (`./x`, `/x`, `~/x`), or a package of npm (`x@1`, `npm:x`).
 * @throws UsageError, KeelError, PluginFault
 */
export async function foundPlugin(io: CommandIo, word: string, config: Config): Promise<FoundPlugin> {
  const { fetchedPackage, isPackageSpec } = await import('./npm-package.ts');
  if (/^[./~]/.test(word)) return await folderPlugin(placeOf(io, word));
  const spec = word.replace(/^npm:/, '');
  if (spec === word && existsSync(join(io.cwd, word))) {
    throw new UsageError(`is it the folder or the package? Write ./${word} or npm:${word}`);
  }
  if (!isPackageSpec(spec)) {
    throw new UsageError(
      `"${word}" is neither a folder (./NAME) nor the name of an npm package (NAME or NAME@VERSION)`,
    );
  }
  const { tarballFiles } = await import('./read-tarball.ts');
  const files = await tarballFiles(await fetchedPackage(spec, config));
  const name = spec.replace(/^@[^/]*\//, '').replace(/@.*$/, '');
  const plugin = await readPlugin(files, name);
  refuseMissingPackages(plugin);
  const version = plugin.version === null ? '' : `@${plugin.version}`;
  return { plugin, source: `npm:${spec.replace(/(?<=.)@[^/]*$/, '')}${version}` };
}

/**
 * What a package depends on is not installed: it would be the code of many more people, under the same yes. A plugin that runs something
 * has to bring it along.
 * @throws PluginFault that names what is missing
 */
export function refuseMissingPackages({ files, contents }: ReadPlugin): void {
  if (contents.hooks.length === 0 && Object.keys(contents.servers).length === 0) return;
  const manifest = files.has('package.json') ? z.safeParse(PackageFile, jsonIn(files, 'package.json')).data : undefined;
  const missing = Object.entries(manifest?.dependencies ?? {}).filter(
    ([name]) => !files.has(`node_modules/${name}/package.json`),
  );
  if (missing.length === 0) return;
  const names = missing.map(([name, range]) => `${name}@${range}`).join(', ');
  throw new PluginFault(
    `its hooks or servers may need packages that are not in it, and keel installs none: ${names}. Its author can bundle them (bundleDependencies)`,
  );
}

/** @throws KeelError `invalidInput` if there is no such folder, PluginFault */
export async function folderPlugin(path: string): Promise<FoundPlugin> {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new KeelError('invalidInput', `there is no folder ${path}`);
  }
  const real = realpathSync(path);
  return { plugin: await readPlugin(filesIn(real), basename(real)), source: real };
}

export function filesIn(folder: string): PluginFileMap {
  return new Map(Array.from(folderFiles(folder), (file) => [file.path, file]));
}

function placeOf({ env, cwd }: CommandIo, word: string): string {
  const home = userHome(env);
  return resolve(cwd, home === null ? word : word.replace(/^~(?=\/|$)/, () => home));
}
