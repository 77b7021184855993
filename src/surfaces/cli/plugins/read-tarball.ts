import { gunzipSync } from 'node:zlib';
import {
  isPassedOver,
  MAX_PLUGIN_BYTES,
  PluginFault,
  type PluginFile,
  PluginLimits,
} from '../../../storage/plugins/index.ts';
import type { PluginFileMap } from './parts/part-source.ts';

/** What the headers of an archive may take beside its files, bytes. */
const MAX_HEADER_BYTES = 8 * 1024 * 1024;
const FILES: ReadonlySet<string> = new Set(['File', 'OldFile', 'ContiguousFile']);

/**
 * The files of an npm package, without the folder that all of them are in. They are read into memory, and nothing is written: an archive can't
 * name a place to write to.
 * @throws PluginFault for links and special files, paths that lead elsewhere, and too much of it
 */
export async function tarballFiles(archive: Buffer): Promise<PluginFileMap> {
  const { Parser } = await import('tar');
  const files = new Map<string, PluginFile>();
  const limits = new PluginLimits();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const parser = new Parser({
    strict: true,
    onReadEntry(entry) {
      try {
        const isFile = FILES.has(entry.type);
        if (!isFile && entry.type !== 'Directory')
          throw new PluginFault(`${entry.path} in it is no file (${entry.type})`);
        if (!isFile) return entry.resume();
        const path = placeOf(entry.path);
        if (isPassedOver(path)) return entry.resume();
        limits.count(path, entry.size);
        const chunks: Buffer[] = [];
        entry.on('data', (chunk: Buffer) => void chunks.push(chunk));
        entry.on('end', () => {
          const isExecutable = ((entry.mode ?? 0) & 0o100) !== 0;
          files.set(path, { path, content: Buffer.concat(chunks), isExecutable });
        });
      } catch (error) {
        reject(error);
        entry.resume();
      }
    },
  });
  parser.on('error', reject);
  parser.on('end', () => resolve());
  try {
    parser.end(gunzipSync(archive, { maxOutputLength: MAX_PLUGIN_BYTES + MAX_HEADER_BYTES }));
    await promise;
  } catch (cause) {
    if (cause instanceof PluginFault) throw cause;
    throw new PluginFault(`its archive can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  }
  return files;
}

/** npm puts all files into one folder, mostly `package`. */
function placeOf(path: string): string {
  const at = path.indexOf('/');
  if (at <= 0 || path.slice(0, at) === '..')
    throw new PluginFault(`${JSON.stringify(path)} in it is outside of its folder`);
  return path.slice(at + 1);
}
