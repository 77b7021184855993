import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readJson } from '../../../foundation/util/index.ts';
import { type Atom, atomsOf } from '../composer/index.ts';
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
    const text = JSON.stringify({ draft: joined(draft.draft), queue: draft.queue.map(joined) });
    if (text === this.#last) return;
    this.#last = text;
    try {
      if (draft.draft.length === 0 && draft.queue.length === 0) return rmSync(this.#own, { force: true });
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
      try {
        // The file is kept until the next save: a kill in between loses nothing either.
        renameSync(join(this.#dir, name), this.#own);
        const draft = parsed(readFileSync(this.#own, 'utf8'));
        if (draft !== null) return draft;
        rmSync(this.#own, { force: true });
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

const element = z.union([
  z.string(),
  z.object({ type: z.literal('paste'), label: z.string(), text: z.string() }),
  z.object({ type: z.literal('image'), label: z.string(), path: z.string() }),
]);
const Saved = z.object({ draft: z.array(element), queue: z.array(z.array(element)) });
type Element = z.infer<typeof element>;

/** Letters between elements are one text. */
function joined(atoms: readonly Atom[]): Element[] {
  const parts: Element[] = [];
  for (const atom of atoms) {
    const last = parts.at(-1);
    if (typeof atom === 'string' && typeof last === 'string') parts[parts.length - 1] = last + atom;
    else parts.push(atom);
  }
  return parts;
}

function atomsOfParts(parts: readonly Element[]): Atom[] {
  return parts.flatMap((part): Atom[] => (typeof part === 'string' ? atomsOf(part) : [part]));
}

/** Null: another version of keel wrote it. */
function parsed(text: string): SavedDraft | null {
  const { data } = Saved.safeParse(readJson(text));
  return data === undefined ? null : { draft: atomsOfParts(data.draft), queue: data.queue.map(atomsOfParts) };
}
