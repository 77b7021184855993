import { readdir, readFile, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { exists, hasCode, Mark, Watcher } from './mark.ts';

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
  readonly #mark: Mark;
  readonly #timer: NodeJS.Timeout;
  readonly #lost = new AbortController();
  #isBeating = false;

  private constructor(path: string, number: number, mark: Mark, abandonedMs: number) {
    this.#path = path;
    this.#number = number;
    this.#mark = mark;
    this.#timer = setInterval(() => void this.#beat(), abandonedMs / BEATS);
    this.#timer.unref();
  }

  /**
   * Waits while another one makes the directory.
   * @returns null: it is whole
   * @throws the signal's reason; an error of the file system
   */
  static async of(path: string, abandonedMs: number, signal: AbortSignal): Promise<Maker | null> {
    let seen = '';
    let looks = 0;
    await using watcher = new Watcher(draftOf(path, 0));
    for (;;) {
      signal.throwIfAborted();
      const isThere = await exists(path);
      const newest = await newestMark(path);
      if (isThere && newest === -1) return null;
      const now = newest === -1 ? '' : `${newest} ${await contentOf(markOf(path, newest))}`;
      looks = now === seen ? looks + 1 : 0;
      seen = now;
      if (newest === -1 || looks > BEATS) {
        const maker = await Maker.#next(path, newest, abandonedMs);
        if (maker !== null) return maker;
        looks = 0;
      }
      await delay(abandonedMs / BEATS, undefined, { signal }).catch(() => undefined);
      if (newest !== -1) await watcher.write();
    }
  }

  /** Null: another one was faster. */
  static async #next(path: string, newest: number, abandonedMs: number): Promise<Maker | null> {
    const number = newest + 1;
    const mark = await Mark.make(markOf(path, number));
    if (mark === null) return null;
    // Marks are removed in the order of their numbers: as long as the one before is there, nobody has finished meanwhile.
    if (newest === -1 ? !(await exists(path)) : await exists(markOf(path, newest))) {
      return new Maker(path, number, mark, abandonedMs);
    }
    await mark.close();
    await rm(markOf(path, number), { force: true });
    return null;
  }

  /** A name beside the directory that no other maker uses. */
  get draft(): string {
    return draftOf(this.#path, this.#number);
  }

  /** Where makers before this one, which are dead or have lost their right, may have left something. */
  get earlierDrafts(): readonly string[] {
    return Array.from({ length: this.#number }, (_, number) => draftOf(this.#path, number));
  }

  /** Aborts when this maker was taken for dead: what it makes is of no use any more. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** False for a maker that was taken for dead. */
  async isOwner(): Promise<boolean> {
    return (await newestMark(this.#path)) === this.#number;
  }

  /** Removes the marks: what is at the path is whole, or nothing is there. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#mark.close();
    if (!(await this.isOwner())) return;
    for (let number = 0; number <= this.#number; number += 1) await rm(markOf(this.#path, number), { force: true });
  }

  /** One at a time: where the disk does not answer, more of them would only wait behind the first. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      await this.#mark.write();
      if (!(await this.isOwner())) this.#lost.abort(new Error('another process makes this directory now'));
    } catch {
      // It is closed, or the disk is away: whoever sees no sign of life takes the work over.
    } finally {
      this.#isBeating = false;
    }
  }
}

function markOf(path: string, number: number): string {
  return number === 0 ? `${path}.unfinished` : `${path}.unfinished-${number}`;
}

function draftOf(path: string, number: number): string {
  return `${path}.draft-${number}`;
}

/** Its number; -1: there is none. */
async function newestMark(path: string): Promise<number> {
  const first = `${basename(path)}.unfinished`;
  const marks = (await readdir(dirname(path))).filter((name) => name.startsWith(first));
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
