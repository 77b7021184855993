import { type Stats, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { monotonicMs } from '../../foundation/util/index.ts';
import {
  type IndexedFile,
  type IndexStore,
  isDamaged,
  MemoryStore,
  openIndexStore,
  removeIndex,
} from './index-store.ts';
import { pageOf, type ThreadPage, type ThreadQuery, type ThreadSummary } from './list-threads.ts';
import { archivedRollouts, rolloutsNewestFirst } from './rollout-files.ts';
import { type ScannedThread, scanThread } from './scan-thread.ts';
import { ThreadNames } from './thread-names.ts';

/** How long a list may keep the process from its other work at a time, milliseconds. */
const SLICE_MS = 20;

interface FoundFile {
  readonly stamp: string;
  readonly archived: boolean;
}

/**
 * The list of all threads of a home. The rollouts are the truth: at each listing the files that are there are compared with
 * what is known of them, and those that are new or have changed are read. What they said is kept in `<home>/index.sqlite`,
 * which may be thrown away at any time.
 */
export class ThreadIndex implements Disposable {
  readonly #home: string;
  readonly #names: ThreadNames;
  #store: IndexStore | null = null;
  /** What the store holds, by path below the home. */
  #known = new Map<string, IndexedFile>();
  #files: ReadonlyMap<string, FoundFile> = new Map();
  /** The refresh that runs: one at a time. */
  #refreshing: Promise<void> = Promise.resolve();

  constructor(home: string) {
    this.#home = home;
    this.#names = new ThreadNames(home);
  }

  /**
   * One page of the threads in which a user has said something, newest first.
   * @throws KeelError `invalidInput` for a cursor or limit that is none; the signal's reason
   */
  async list(query: ThreadQuery = {}, signal: AbortSignal = new AbortController().signal): Promise<ThreadPage> {
    await this.#refresh(signal);
    const found = await this.#search(query.search ?? '');
    return pageOf(this.#summaries(), query, (thread) => found.has(relative(this.#home, thread.path)));
  }

  /** The thread with an id, archived or not; null if there is none that a list would show. */
  async get(id: string, signal: AbortSignal = new AbortController().signal): Promise<ThreadSummary | null> {
    await this.#refresh(signal);
    const wanted = id.toLowerCase();
    for (const summary of this.#summaries()) if (summary.id === wanted) return summary;
    return null;
  }

  close(): void {
    this.#store?.close();
    this.#store = null;
    this.#known.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Each thread once: one that is in both places is not archived. */
  *#summaries(): Generator<ThreadSummary> {
    const names = this.#names.current();
    const seen = new Set<string>();
    for (const [file, { archived }] of this.#files) {
      const facts = this.#known.get(file)?.facts;
      if (!facts || seen.has(facts.id)) continue;
      seen.add(facts.id);
      yield { ...facts, path: join(this.#home, file), archived, name: names.get(facts.id) ?? null };
    }
  }

  async #search(text: string): Promise<ReadonlySet<string>> {
    if (text === '') return new Set();
    try {
      return (await this.#openStore()).search(text.toLowerCase());
    } catch (error) {
      await this.#recover(error);
      await this.#refresh(new AbortController().signal);
      return (await this.#openStore()).search(text.toLowerCase());
    }
  }

  #refresh(signal: AbortSignal): Promise<void> {
    // A refresh that another caller gave up, or that failed, doesn't hold for this one.
    this.#refreshing = this.#refreshing.catch(() => undefined).then(() => this.#refreshOnce(signal));
    return this.#refreshing;
  }

  async #refreshOnce(signal: AbortSignal): Promise<void> {
    const pace = paceOf(signal);
    this.#files = await findFiles(this.#home, pace);
    try {
      await this.#take(pace);
    } catch (error) {
      signal.throwIfAborted();
      await this.#recover(error);
      await this.#take(pace);
    }
  }

  /** Brings what is known to what is there. */
  async #take(pace: () => Promise<boolean>): Promise<void> {
    const store = await this.#openStore();
    const gone = [...this.#known.keys()].filter((file) => !this.#files.has(file));
    if (gone.length > 0) store.remove(gone);
    for (const file of gone) this.#known.delete(file);
    let read: { readonly file: string; readonly stamp: string; readonly thread: ScannedThread | null }[] = [];
    const keep = () => {
      store.put(read);
      for (const { file, stamp, thread } of read) this.#known.set(file, { stamp, facts: thread?.facts ?? null });
      read = [];
    };
    for (const [file, { stamp }] of this.#files) {
      if (this.#known.get(file)?.stamp === stamp) continue;
      read.push({ file, stamp, thread: scanThread(join(this.#home, file)) });
      if (await pace()) keep();
    }
    if (read.length > 0) keep();
  }

  async #openStore(): Promise<IndexStore> {
    if (this.#store) return this.#store;
    // Where there is nothing to remember, nothing is written.
    const store = this.#files.size === 0 ? new MemoryStore() : await openIndexStore(this.#path);
    try {
      this.#known = store.load();
    } catch (error) {
      store.close();
      throw error;
    }
    if (this.#files.size > 0) this.#store = store;
    return store;
  }

  /** Replaces the store after a failure: a damaged one is made again, any other is replaced by memory for the life of this process. */
  async #recover(error: unknown): Promise<void> {
    this.close();
    if (isDamaged(error)) removeIndex(this.#path);
    this.#store = isDamaged(error) ? await openIndexStore(this.#path) : new MemoryStore();
  }

  get #path(): string {
    return join(this.#home, 'index.sqlite');
  }
}

/** Resolves at once, or, when a slice is used up, after other work had its turn: then with true. */
function paceOf(signal: AbortSignal): () => Promise<boolean> {
  let sliceEnd = monotonicMs() + SLICE_MS;
  return async () => {
    if (monotonicMs() < sliceEnd) return false;
    await breathe();
    signal.throwIfAborted();
    sliceEnd = monotonicMs() + SLICE_MS;
    return true;
  };
}

/** All rollouts that are there, those of the sessions first. */
async function findFiles(home: string, pace: () => Promise<boolean>): Promise<Map<string, FoundFile>> {
  const found = new Map<string, FoundFile>();
  const add = async (path: string, archived: boolean) => {
    const stats = statOf(path);
    if (stats?.isFile()) found.set(relative(home, path), { stamp: stampOf(stats), archived });
    await pace();
  };
  for (const path of rolloutsNewestFirst(home, { archived: false })) await add(path, false);
  for (const path of archivedRollouts(home)) await add(path, true);
  return found;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // A link that goes round in a circle, a folder that may not be entered: no thread that could be listed.
    return undefined;
  }
}

/** The time of the last change of any kind is in it: an edit that sets the other times back is seen all the same. */
function stampOf({ size, mtimeMs, ctimeMs, ino }: Stats): string {
  return `${size} ${mtimeMs} ${ctimeMs} ${ino}`;
}
