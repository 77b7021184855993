import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { readJson } from '../../../foundation/util/index.ts';
import { type Atom, atomsOf } from '../composer/index.ts';
import type { SavedDraft } from '../message.ts';

/** Drafts that nobody came back for are removed after this time, ms. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

/** The thread that a draft is looked for: a recorded one has its own alone, a new one the newest of its directory. */
export type DraftOwner = { readonly type: 'recorded'; readonly threadId: string } | { readonly type: 'new' };

/**
 * What is written and queued, kept in `drafts/` of keel's home while keel runs: a crash or a kill loses none of it. The next
 * keel that resumes the thread, or starts a new one in the same directory, takes it over. One that ends in order leaves nothing.
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
  save(draft: SavedDraft, threadId: string | null): void {
    const text = JSON.stringify({ thread: threadId, draft: joined(draft.draft), queue: draft.queue.map(joined) });
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

  /** The newest draft for this thread of a keel that did not end in order; it is this one's from here on. */
  takeOver(owner: DraftOwner): SavedDraft | null {
    for (const name of this.#leftBehind()) {
      try {
        const path = join(this.#dir, name);
        const saved = parsed(readFileSync(path, 'utf8'));
        if (saved === null) rmSync(path, { force: true });
        const isFor = owner.type === 'new' ? name.startsWith(this.#prefix) : saved?.thread === owner.threadId;
        if (saved === null || !isFor) continue;
        // The file is kept until the next save: a kill in between loses nothing either.
        renameSync(path, this.#own);
        return saved.draft;
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
      const isLeft = pid > 0 && (pid === process.pid || !isAlive(pid));
      return isLeft ? [{ name, changed }] : [];
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
const Saved = z.object({
  thread: z.optional(z.nullable(z.string())),
  draft: z.array(element),
  queue: z.array(z.array(element)),
});
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
function parsed(text: string): { readonly thread: string | null; readonly draft: SavedDraft } | null {
  const { data } = Saved.safeParse(readJson(text));
  if (data === undefined) return null;
  const draft = { draft: atomsOfParts(data.draft), queue: data.queue.map(atomsOfParts) };
  return { thread: data.thread ?? null, draft };
}
