import { createHash } from 'node:crypto';
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileFault, readRegularFile } from '../../foundation/files/index.ts';
import { isInside, realPath } from '../../foundation/util/index.ts';

/** Limits of one plugin. Its files are read whole at the start of each thread, to compare them with what the user accepted. */
export const MAX_PLUGIN_FILES = 4_000;
export const MAX_PLUGIN_BYTES = 32 * 1024 * 1024;
const MAX_PATH_CHARS = 300;
const MAX_DEPTH = 16;
/** What a version control or a file manager keeps in a folder is not part of a plugin. */
const PASSED_OVER: ReadonlySet<string> = new Set(['.git', '.DS_Store']);

/** A file of a plugin. */
export interface PluginFile {
  /** Relative to the plugin's folder, with `/` between names. */
  readonly path: string;
  readonly content: Buffer;
  readonly isExecutable: boolean;
}

/** What is wrong with a plugin's files, in a sentence without its subject ("it has more than 4000 files"). */
export class PluginFault extends Error {}

/** Counts what is read of one plugin. */
export class PluginLimits {
  #files = 0;
  #bytes = 0;

  /** @throws PluginFault for a path that must not be written, or a file too many */
  count(path: string, bytes: number): void {
    const fault = pathFault(path);
    if (fault !== null) throw new PluginFault(`the name of a file in it ${fault}: ${JSON.stringify(path)}`);
    this.#files += 1;
    this.#bytes += bytes;
    if (this.#files > MAX_PLUGIN_FILES) throw new PluginFault(`it has more than ${MAX_PLUGIN_FILES} files`);
    if (this.#bytes > MAX_PLUGIN_BYTES) throw new PluginFault(`its files have more than ${MAX_PLUGIN_BYTES} bytes`);
  }
}

/** Why a path from elsewhere can't be a file's place below a folder; null if it can. */
function pathFault(path: string): string | null {
  const parts = path.split('/');
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'is an absolute path';
  if (parts.some((part) => part === '..' || part === '.' || part === '')) return 'leads elsewhere';
  if (/[\\\p{Cc}]/u.test(path)) return 'has characters that names of files should not have';
  return path.length > MAX_PATH_CHARS || parts.length > MAX_DEPTH ? 'is too long or too deep' : null;
}

/**
 * The files below a folder, by name. A link counts as the file it leads to, if that is in the folder as well.
 * @throws PluginFault for anything that can't be copied, or too much of it
 */
export function* folderFiles(root: string): Generator<PluginFile> {
  yield* filesBelow({ root, real: realPath(root), limits: new PluginLimits() }, '');
}

interface Walk {
  readonly root: string;
  /** Links resolved. */
  readonly real: string;
  readonly limits: PluginLimits;
}

/** Whether a file is in what a plugin does not have. @param path with `/` between names */
export function isPassedOver(path: string): boolean {
  return path.split('/').some((name) => PASSED_OVER.has(name));
}

function* filesBelow(walk: Walk, folder: string): Generator<PluginFile> {
  for (const entry of entriesOf(join(walk.root, folder))) {
    if (PASSED_OVER.has(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (path.split('/').length >= MAX_DEPTH) throw new PluginFault(`its folders are too deep: ${path}`);
      yield* filesBelow(walk, path);
    } else yield fileAt(walk, path);
  }
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (cause) {
    throw new PluginFault(`${path} can't be read: ${reasonFor(cause)}`, { cause });
  }
}

function fileAt({ root, real, limits }: Walk, path: string): PluginFile {
  let isExecutable = false;
  try {
    const content = readRegularFile(join(root, path), {
      maxBytes: MAX_PLUGIN_BYTES,
      judge: (place) => {
        isExecutable = ((place.stats?.mode ?? 0) & 0o100) !== 0;
        return isInside(place.path, real) ? null : 'it is a link that leads out of the plugin';
      },
    });
    limits.count(path, content.length);
    return { path, content, isExecutable };
  } catch (cause) {
    if (cause instanceof PluginFault) throw cause;
    throw new PluginFault(`${path} can't be copied: ${reasonFor(cause)}`, { cause });
  }
}

function reasonFor(error: unknown): string {
  if (error instanceof FileFault) return error.message;
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** What identifies a file's content: its bytes, and whether it can be run. */
export function fileDigest({ content, isExecutable }: Omit<PluginFile, 'path'>): string {
  return createHash('sha256')
    .update(isExecutable ? 'x' : '-')
    .update(content)
    .digest('hex');
}

/** What identifies all files of a plugin with their names, in hex. */
export function filesDigest(files: Iterable<PluginFile>): string {
  const lines = Array.from(files, (file) => `${fileDigest(file)} ${file.path}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}
