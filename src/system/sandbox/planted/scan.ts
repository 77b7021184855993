import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { monotonicMs } from '../../../foundation/util/index.ts';
import { PROTECTED_NAMES } from '../protected/protected-paths.ts';

export interface ScanLimits {
  readonly maxDirectories: number;
  readonly maxDepth: number;
}

/** A protected name that was found below a root. */
export interface FoundName {
  /** The directory that holds it. */
  readonly dir: string;
  readonly name: string;
}

/** Work between two looks at other things that keel has to do, milliseconds. */
const SLICE_MS = 4;
/** Packages are nobody's projects, there are very many of them, and package managers have to be able to replace them. */
const NOT_ENTERED = new Set([...PROTECTED_NAMES, 'node_modules']);

/** Walks down from a root, nearest directories first, and gives what it finds on the way; null after each directory. */
export function* scan(root: string, { maxDirectories, maxDepth }: ScanLimits): Generator<FoundName | null> {
  let level = [root];
  let visited = 0;
  for (let depth = 0; depth <= maxDepth; depth += 1) {
    const next: string[] = [];
    for (const dir of level) {
      if (visited >= maxDirectories) return;
      visited += 1;
      for (const entry of entriesOf(dir)) {
        if (PROTECTED_NAMES.includes(entry.name)) yield { dir, name: entry.name };
        else if (entry.isDirectory() && !NOT_ENTERED.has(entry.name)) next.push(join(dir, entry.name));
      }
      yield null;
    }
    level = next;
  }
}

/** Runs a scan until it is complete or until a time (`monotonicMs`). @returns whether it is complete */
export function scanUntil(
  scan: Iterable<FoundName | null>,
  until: number,
  onFound: (found: FoundName) => unknown,
): boolean {
  for (const found of scan) {
    if (found !== null) onFound(found);
    else if (monotonicMs() > until) return false;
  }
  return true;
}

/** Searches in small slices, until `signal` aborts. @returns whether it was completed */
export async function scanInBackground(
  scan: Iterator<FoundName | null>,
  onFound: (found: FoundName) => unknown,
  signal: AbortSignal,
): Promise<boolean> {
  const rest = { [Symbol.iterator]: () => ({ next: () => scan.next() }) };
  while (!signal.aborted) {
    if (scanUntil(rest, monotonicMs() + SLICE_MS, onFound)) return true;
    await nextTick();
  }
  return false;
}

function entriesOf(dir: string): readonly Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch {
    // It has just gone, or can't be listed.
    return [];
  }
}
