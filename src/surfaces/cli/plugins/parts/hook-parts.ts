import { decodeText } from '../../../../foundation/util/index.ts';
import { type Hook, readHooks } from '../../../../tools/hooks/index.ts';
import { namedPaths, type PartSource, type PluginFileMap } from './part-source.ts';

/** The files of a plugin that name hooks: the usual one, those of the manifest, and the manifest itself if they are in it. */
export function hookParts(source: PartSource): string[] {
  const { files, manifest, manifestPath, note } = source;
  const { hooks } = manifest;
  const isInManifest = typeof hooks === 'object' && !Array.isArray(hooks);
  const named = isInManifest ? (manifestPath ?? []) : namedPaths(source, 'hooks', hooks);
  const paths = [...new Set(['hooks/hooks.json'].concat(named))].filter((path) => files.has(path));
  return paths.filter((path) => {
    const read = hooksIn(files, path, source.format);
    for (const fault of read.faults) note(fault);
    return read.hooks.length > 0;
  });
}

/** The hooks that a file of a plugin names. */
export function hooksIn(files: PluginFileMap, path: string, format: Hook['format']) {
  const text = decodeText(files.get(path)?.content ?? Buffer.alloc(0));
  return readHooks(text, { format, file: path, project: null, plugin: null });
}
