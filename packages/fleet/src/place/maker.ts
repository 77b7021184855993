import { existsSync, readdirSync } from 'node:fs';
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A maker that shows no sign of life for so long is dead, ms. */
export const ABANDONED_MS = 10_000;
/** Signs of life, and looks for them, within that time. */
const BEATS = 20;

/**
 * The right to make a directory, of one process among all that share it. A file beside the directory is the mark of its maker, which
 * changes as long as the maker lives. The next maker's mark has the next number: of those that find a mark abandoned, one can make that
 * file. A directory without marks is whole.
 */
export class Maker implements AsyncDisposable {
  readonly #path: string;
  readonly #number: number;
  readonly #mark: FileHandle;
  readonly #timer: NodeJS.Timeout;
  #beats = 0;

  private constructor(path: string, number: number, mark: FileHandle, abandonedMs: number) {
    this.#path = path;
    this.#number = number;
    this.#mark = mark;
    this.#timer = setInterval(() => void this.#beat(), abandonedMs / BEATS);
    this.#timer.unref();
  }

  /** Waits while another one makes the directory. @returns null: it is whole @throws the signal's reason */
  static async of(path: string, abandonedMs: number, signal: AbortSignal): Promise<Maker | null> {
    let seen = '';
    let since = performance.now();
    for (;;) {
      signal.throwIfAborted();
      const isThere = existsSync(path);
      const newest = newestMark(path);
      if (isThere && newest === -1) return null;
      const now = `${newest} ${newest === -1 ? '' : await contentOf(markOf(path, newest))}`;
      if (now !== seen) since = performance.now();
      seen = now;
      if (newest === -1 || performance.now() - since > abandonedMs) {
        const maker = await Maker.#next(path, newest, abandonedMs);
        if (maker !== null) return maker;
      }
      await delay(abandonedMs / BEATS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Null: another one was faster. */
  static async #next(path: string, newest: number, abandonedMs: number): Promise<Maker | null> {
    const number = newest + 1;
    let mark: FileHandle;
    try {
      mark = await open(markOf(path, number), 'wx', 0o600);
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return null;
      throw error;
    }
    // Marks are removed in the order of their numbers: as long as the one before is there, nobody has finished meanwhile.
    if (newest === -1 ? !existsSync(path) : existsSync(markOf(path, newest))) {
      return new Maker(path, number, mark, abandonedMs);
    }
    await mark.close();
    await rm(markOf(path, number), { force: true });
    return null;
  }

  /** A name beside the directory that no other maker uses. */
  get draft(): string {
    return `${this.#path}.draft-${this.#number}`;
  }

  /** False for a maker that was taken for dead. */
  get isOwner(): boolean {
    return newestMark(this.#path) === this.#number;
  }

  /** Removes the marks: what is at the path is whole, or nothing is there. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#mark.close();
    if (!this.isOwner) return;
    for (let number = 0; number <= this.#number; number += 1) await rm(markOf(this.#path, number), { force: true });
  }

  async #beat(): Promise<void> {
    this.#beats += 1;
    try {
      await this.#mark.write(String(this.#beats), 0);
      await this.#mark.datasync();
    } catch {
      // It is closed, or the disk is away: whoever sees no sign of life takes the work over.
    }
  }
}

function markOf(path: string, number: number): string {
  return number === 0 ? `${path}.unfinished` : `${path}.unfinished-${number}`;
}

/** Its number; -1: there is none. */
function newestMark(path: string): number {
  const first = `${basename(path)}.unfinished`;
  const marks = readdirSync(dirname(path)).filter((name) => name.startsWith(first));
  return Math.max(-1, ...marks.map((name) => Number(name.slice(first.length + 1) || 0)));
}

async function contentOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return 'gone';
    throw error;
  }
}

/** Whether the system has refused a call for this reason. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
