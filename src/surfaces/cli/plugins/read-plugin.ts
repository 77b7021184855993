import * as z from 'zod/mini';
import { filesDigest, type InstalledPlugin, PluginFault } from '../../../storage/plugins/index.ts';
import { hookParts } from './parts/hook-parts.ts';
import { jsonIn, Manifest, type PluginFileMap } from './parts/part-source.ts';
import { promptParts } from './parts/prompt-parts.ts';
import { roleParts } from './parts/role-parts.ts';
import { serverParts } from './parts/server-parts.ts';
import { skillParts } from './parts/skill-parts.ts';

/** Where a plugin describes itself, by the program that it was written for; the first that exists counts. */
const MANIFESTS = [
  ['plugin.json', 'keel'],
  ['.claude-plugin/plugin.json', 'claude'],
  ['.codex-plugin/plugin.json', 'codex'],
] as const;
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,31}$/;

const Package = z.object({ name: z.optional(z.string()), version: z.optional(z.string()) });

/** A plugin whose files were read, and not installed. */
export interface ReadPlugin extends Omit<InstalledPlugin, 'source' | 'enabled'> {
  readonly files: PluginFileMap;
  /** What of it keel does not use, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Finds out what a plugin consists of. Nothing of it runs.
 * @param usualName its name, where its manifest names none
 * @throws PluginFault if it can't be used at all
 */
export async function readPlugin(files: PluginFileMap, usualName: string): Promise<ReadPlugin> {
  const [manifestPath, format] = MANIFESTS.find(([path]) => files.has(path)) ?? [null, 'keel' as const];
  const manifest = manifestPath === null ? {} : parsedFile(files, manifestPath, Manifest);
  const own = files.has('package.json') ? parsedFile(files, 'package.json', Package) : {};
  const name = manifest.name ?? own.name?.replace(/^@[^/]*\//, '') ?? usualName;
  if (!NAME.test(name)) {
    throw new PluginFault(
      `${JSON.stringify(name)} can't be its name: letters, digits and -, 32 at most, a letter first`,
    );
  }
  const notes: string[] = [];
  const source = { plugin: name, files, manifest, manifestPath, format, note: (one: string) => void notes.push(one) };
  const contents = {
    skills: skillParts(source),
    prompts: promptParts(source),
    hooks: hookParts(source),
    servers: serverParts(source),
    roles: await roleParts(source),
  };
  if (Object.values(contents).every((part) => Object.keys(part).length === 0)) {
    const looked = 'skills/, prompts/, commands/, agents/, hooks/hooks.json, .mcp.json';
    throw new PluginFault(
      `it has nothing that keel uses (${looked})${notes.length === 0 ? '' : `: ${notes.join('; ')}`}`,
    );
  }
  return {
    name,
    version: manifest.version ?? own.version ?? null,
    description: manifest.description ?? null,
    format,
    digest: filesDigest(files.values()),
    contents,
    files,
    notes,
  };
}

/** A file of JSON, checked. @throws PluginFault that names it */
function parsedFile<T>(files: PluginFileMap, path: string, schema: z.ZodMiniType<T>): T {
  const parsed = z.safeParse(schema, jsonIn(files, path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = issue?.path.join('.') ?? '';
  throw new PluginFault(`${path} can't be used: ${key === '' ? 'it is not an object' : `${key} has the wrong form`}`);
}
