import { existsSync, readFileSync } from 'node:fs';
import type { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const FRAME = /^(\s*at ).*?(file:\/\/[^\s()]+\.c?js):(\d+):(\d+)\)?$/;

/**
 * The stack of an error with each place in keel's bundle replaced by the place in `src/` it came from, where source maps lie
 * beside the bundle. Other lines stay as they are. For reports: it reads the maps again each time.
 */
export function sourceStack(stack: string): string {
  const maps = new Map<string, SourceMap | null>();
  return stack
    .split('\n')
    .map((line) => sourceFrame(line, maps) ?? line)
    .join('\n');
}

function sourceFrame(frame: string, maps: Map<string, SourceMap | null>): string | null {
  const [, at, url, line, column] = FRAME.exec(frame) ?? [];
  if (at === undefined || url === undefined) return null;
  const path = fileURLToPath(url);
  const known = maps.get(path);
  const map = known === undefined ? mapOf(path) : known;
  maps.set(path, map);
  const origin = map?.findEntry(Number(line) - 1, Number(column) - 1);
  if (origin === undefined || !('originalSource' in origin)) return null;
  const source = relative(dirname(import.meta.dirname), resolve(dirname(path), origin.originalSource));
  return `${at}${source}:${origin.originalLine + 1}:${origin.originalColumn + 1}`;
}

function mapOf(path: string): SourceMap | null {
  if (!existsSync(`${path}.map`)) return null;
  try {
    const { SourceMap } = process.getBuiltinModule('node:module');
    return new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')));
  } catch {
    // A damaged map: the place in the bundle is better than nothing.
    return null;
  }
}
