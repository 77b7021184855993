import { isUtf8 } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { readJson } from '../../../foundation/util/index.ts';
import { fileDigest, type InstalledPlugin, type PluginFile, pluginFolder } from '../../../storage/plugins/index.ts';
import type { PluginFileMap } from './parts/part-source.ts';
import type { ReadPlugin } from './read-plugin.ts';

/** Longer files are compared by their digests alone, bytes. */
const MAX_KEPT_BYTES = 64 * 1024;

const AcceptedFiles = z.record(z.string(), z.object({ digest: z.string(), text: z.nullable(z.string()) }));
type AcceptedFiles = z.infer<typeof AcceptedFiles>;

/** Keeps what the user accepts of a plugin beside its folder, to show what has changed since. */
export function recordAccepted(home: string, plugin: ReadPlugin): void {
  const files = Array.from(plugin.files.values(), (file) => [file.path, kept(file)]);
  writeFileSync(placeOf(home, plugin), JSON.stringify(Object.fromEntries(files)), { mode: 0o600 });
}

/** What differs from what the user accepted, as a diff; files that are long or no text are only named. */
export async function changesSince(home: string, accepted: InstalledPlugin, now: PluginFileMap): Promise<string> {
  const before = readAccepted(home, accepted);
  if (before === null) return 'What was accepted is not known any more.\n';
  const paths = [...new Set([...Object.keys(before), ...now.keys()])].sort();
  const parts = await Promise.all(paths.map((path) => changeOf(path, before[path], now.get(path))));
  return parts.join('');
}

async function changeOf(path: string, before: AcceptedFiles[string] | undefined, file: PluginFile | undefined) {
  const after = file === undefined ? undefined : kept(file);
  if (before?.digest === after?.digest) return '';
  const what = before === undefined ? 'added' : after === undefined ? 'removed' : 'changed';
  const { structuredPatch } = await import('diff');
  const isText = before?.text !== null && after?.text !== null;
  const hunks = isText ? structuredPatch('', '', before?.text ?? '', after?.text ?? '').hunks : [];
  const lines = hunks.flatMap((hunk) => hunk.lines).map((line) => `  ${line}\n`);
  return `${what}: ${path}\n${lines.join('')}`;
}

function kept(file: PluginFile): AcceptedFiles[string] {
  const { content } = file;
  const isText = content.length <= MAX_KEPT_BYTES && isUtf8(content) && !content.includes(0);
  return { digest: fileDigest(file), text: isText ? content.toString('utf8') : null };
}

function readAccepted(home: string, plugin: Pick<InstalledPlugin, 'name' | 'digest'>): AcceptedFiles | null {
  try {
    return AcceptedFiles.safeParse(readJson(readFileSync(placeOf(home, plugin), 'utf8'))).data ?? null;
  } catch {
    // Gone or unreadable: the caller says that nothing can be compared.
    return null;
  }
}

function placeOf(home: string, plugin: Pick<InstalledPlugin, 'name' | 'digest'>): string {
  return `${pluginFolder(home, plugin)}.files.json`;
}
