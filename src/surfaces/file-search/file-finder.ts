import { monotonicMs } from '../../foundation/util/index.ts';
import { startProgram } from '../../system/process/index.ts';
import { fuzzyMatch } from '../text/index.ts';

/** Files that are looked through at most. */
const MAX_FILES = 400_000;
const MAX_FOUND = 50;
/** A list of files is read again for a search that comes later than this, ms. */
const FRESH_MS = 5_000;
/** Names are compared for so long before other work, such as a key, gets its turn, ms. */
const SLICE_MS = 4;
/** Names between two looks at the clock. */
const AT_ONCE = 100;

export interface FoundFile {
  /** Relative to the directory that was searched. */
  readonly path: string;
  /** Better matches have more. */
  readonly score: number;
  /** Where in the path the letters of the query are, as indexes of UTF-16 units. */
  readonly positions: readonly number[];
}

interface Listing {
  readonly cwd: string;
  readonly at: number;
  readonly files: Promise<readonly string[]>;
}

/** Finds files by parts of their names. Ignore files count, hidden files are found, `.git` is not. */
export class FileFinder {
  #listing: Listing | null = null;

  /** Best first. @throws the signal's reason, or what the system says if the files can't be listed */
  async find(query: string, cwd: string, signal: AbortSignal): Promise<readonly FoundFile[]> {
    const files = await this.#filesIn(cwd);
    signal.throwIfAborted();
    const best: FoundFile[] = [];
    let end = monotonicMs() + SLICE_MS;
    for (const [at, path] of files.entries()) {
      if (at % AT_ONCE === 0 && monotonicMs() >= end) {
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
        end = monotonicMs() + SLICE_MS;
      }
      const match = fuzzyMatch(query, path);
      if (match !== null) keepBest(best, { path, ...match });
    }
    return best;
  }

  #filesIn(cwd: string): Promise<readonly string[]> {
    const known = this.#listing;
    if (known?.cwd === cwd && monotonicMs() - known.at < FRESH_MS) return known.files;
    const files = listFiles(cwd);
    this.#listing = { cwd, at: monotonicMs(), files };
    return files;
  }
}

/** Puts a file into its place among the best so far: to sort all of a large tree at once would take too long. */
function keepBest(best: FoundFile[], file: FoundFile): void {
  const last = best.at(-1);
  if (best.length === MAX_FOUND && last !== undefined && compared(last, file) < 0) return;
  const at = best.findIndex((other) => compared(file, other) < 0);
  best.splice(at === -1 ? best.length : at, 0, file);
  if (best.length > MAX_FOUND) best.pop();
}

/** Negative: the first one is better. */
function compared(a: FoundFile, b: FoundFile): number {
  return b.score - a.score || a.path.length - b.path.length || (a.path < b.path ? -1 : 1);
}

async function listFiles(cwd: string): Promise<readonly string[]> {
  const { rgPath } = await import('@vscode/ripgrep');
  const args = ['--no-config', '--files', '--hidden', '--no-require-git', '--glob=!.git', '--null', '--no-messages'];
  const child = startProgram(rgPath, args, { cwd, env: {}, stdio: ['ignore', 'pipe', 'ignore'] });
  const { promise: failed, reject } = Promise.withResolvers<never>();
  child.once('error', reject);
  return Promise.race([read(child), failed]);
}

async function read(child: ReturnType<typeof startProgram>): Promise<readonly string[]> {
  const files: string[] = [];
  let rest = '';
  for await (const chunk of child.stdout?.setEncoding('utf8') ?? []) {
    const parts = `${rest}${chunk}`.split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) files.push(part);
    if (files.length >= MAX_FILES) {
      child.kill();
      break;
    }
  }
  return files;
}
