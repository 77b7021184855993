import * as z from 'zod/mini';
import { decodeText, readJson } from '../../../../foundation/util/index.ts';
import { type InstalledPlugin, PluginFault, type PluginFile } from '../../../../storage/plugins/index.ts';

const paths = z.union([z.string(), z.array(z.string())]);
const table = z.record(z.string(), z.unknown());
/** Other fields are the business of other programs. */
export const Manifest = z.object({
  name: z.optional(z.string()),
  version: z.optional(z.string()),
  description: z.optional(z.string()),
  skills: z.optional(paths),
  prompts: z.optional(paths),
  commands: z.optional(paths),
  agents: z.optional(paths),
  hooks: z.optional(z.union([paths, table])),
  mcpServers: z.optional(z.union([z.string(), table])),
});
export type Manifest = z.infer<typeof Manifest>;

export type PluginFileMap = ReadonlyMap<string, PluginFile>;

/** What the readers of a plugin's parts work with. */
export interface PartSource {
  readonly plugin: string;
  readonly files: PluginFileMap;
  readonly manifest: Manifest;
  readonly manifestPath: string | null;
  readonly format: InstalledPlugin['format'];
  readonly note: (sentence: string) => void;
}

/** @throws PluginFault if the file is missing or is not JSON */
export function jsonIn(files: PluginFileMap, path: string): unknown {
  const file = files.get(path);
  if (file === undefined) throw new PluginFault(`there is no ${path} in it`);
  try {
    return readJson(decodeText(file.content));
  } catch (cause) {
    throw new PluginFault(`${path} is not JSON`, { cause });
  }
}

/** The paths that a field of the manifest names, without `./` and a slash at the end. @throws PluginFault for one that isn't in the plugin */
export function namedPaths({ files, manifestPath }: PartSource, field: string, value: unknown): string[] {
  const named = typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : [];
  return named.map((path) => {
    const plain = path.replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
    const isThere = files.has(plain) || [...files.keys()].some((file) => file.startsWith(`${plain}/`));
    if (isThere) return plain;
    throw new PluginFault(`${manifestPath ?? 'its manifest'}: ${field} names ${path}, which is not in the plugin`);
  });
}

/** The Markdown files that paths name: such files themselves, and those directly in a folder. */
export function markdownFiles(files: PluginFileMap, named: readonly string[]): { name: string; path: string }[] {
  const found = [...files.keys()].filter((path) =>
    named.some((one) => path === one || (path.startsWith(`${one}/`) && !path.slice(one.length + 1).includes('/'))),
  );
  return found
    .filter((path) => /[^./]\.md$/i.test(path))
    .map((path) => ({ name: path.slice(path.lastIndexOf('/') + 1, -'.md'.length), path }));
}
