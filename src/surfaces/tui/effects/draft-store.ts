import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJson } from '../../../foundation/util/index.ts';
import type { SavedDraft } from '../message.ts';

/** Drafts that nobody came back for are removed after this time, ms. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

/**
 * What is written and queued, kept in `drafts/` of keel's home while keel runs: a crash or a kill loses none of it. The next
 * keel in the same directory takes it over. One that ends in order leaves nothing.
 */
export class DraftStore {
  readonly #dir: string;
  readonly #prefix: string;
  #last = '';

  constructor(home: string, cwd: string) {
    this.#dir = join(home, 'drafts');
    this.#prefix = `${createHash('sha256').update(cwd).digest('hex').slice(0, 16)}-`;
  }

  /** Writes the draft as it is now; an empty one leaves no file. A disk that is full costs the draft its safety, nothing else. */
  save(draft: SavedDraft): void {
    const text = JSON.stringify(draft);
    if (text === this.#last) return;
    this.#last = text;
    try {
      if (draft.text === '' && draft.queue.length === 0) return rmSync(this.#own, { force: true });
      mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
      writeFileSync(`${this.#own}.new`, text, { mode: 0o600 });
      renameSync(`${this.#own}.new`, this.#own);
    } catch {
      // The draft is still on the screen.
    }
  }

  /** The newest draft of a keel in this directory that did not end in order; it is this one's from here on. */
  takeOver(): SavedDraft | null {
    for (const name of this.#leftBehind()) {
      const path = join(this.#dir, name);
      try {
        const draft = parsed(readFileSync(path, 'utf8'));
        rmSync(path, { force: true });
        if (draft !== null) return draft;
      } catch {
        // Another keel took it.
      }
    }
    return null;
  }

  clear(): void {
    rmSync(this.#own, { force: true });
  }

  get #own(): string {
    return join(this.#dir, `${this.#prefix}${process.pid}.json`);
  }

  #leftBehind(): string[] {
    let names: string[] = [];
    try {
      names = readdirSync(this.#dir);
    } catch {
      // No draft was ever left.
      return [];
    }
    const timed = names.flatMap((name) => {
      const changed = statSync(join(this.#dir, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
      if (Date.now() - changed > KEPT_MS) rmSync(join(this.#dir, name), { force: true });
      const pid = Number(/-(\d+)\.json$/.exec(name)?.[1] ?? 0);
      const isOurs = name.startsWith(this.#prefix) && pid > 0 && (pid === process.pid || !isAlive(pid));
      return isOurs ? [{ name, changed }] : [];
    });
    return timed.sort((a, b) => b.changed - a.changed).map(({ name }) => name);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function parsed(text: string): SavedDraft | null {
  const value: unknown = readJson(text);
  if (typeof value !== 'object' || value === null || !('text' in value) || !('queue' in value)) return null;
  const { text: draft, queue } = value;
  if (typeof draft !== 'string' || !Array.isArray(queue)) return null;
  return { text: draft, queue: queue.filter((one) => typeof one === 'string') };
}
