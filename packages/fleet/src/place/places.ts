import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from '../protocol.ts';
import { PlaceError } from './git.ts';
import { addWorkTree, clone, type Making, makeWhole, removeDrafts } from './make-tree.ts';
import { ABANDONED_MS } from './maker.ts';
import { exists } from './mark.ts';
import { ThreadIndex } from './thread-index.ts';
import { isThreadId, type WorkTree } from './work-tree.ts';

export interface PlacesOptions {
  /** The directory that all workers share, at the same path on each. */
  readonly data: string;
  /** What the URL of a clone may begin with, up to a `/`: `https://git.example.com/team/`. None: there are no clones. */
  readonly cloneFrom: readonly string[];
  /** After how long without a sign of life another front takes over the making of a place, ms. */
  readonly abandonedMs?: number;
}

/** Of the operator's settings, in `settings/`, what every thread's home shows. Threads read it and write none of it. */
const SHARED = ['config.toml', 'AGENTS.md', 'skills', 'prompts', 'agents'];

/**
 * The folders of a fleet's threads: `threads/<id>/home`, with the record, and `threads/<id>/work`. Nothing that a user names leads out
 * of the data folder: ids, names and revisions are checked by their form, and folders by where they are.
 */
export class Places {
  readonly #data: string;
  readonly #cloneFrom: readonly string[];
  readonly #abandonedMs: number;
  readonly #index: ThreadIndex;
  /** By thread: a client that asks again waits for its first attempt. */
  readonly #making = new Map<string, Promise<unknown>>();

  constructor({ data, cloneFrom, abandonedMs = ABANDONED_MS }: PlacesOptions) {
    this.#data = realpathSync(data);
    this.#cloneFrom = cloneFrom;
    this.#abandonedMs = abandonedMs;
    this.#index = new ThreadIndex(this.#data);
  }

  /** Makes the place of a new thread; what an attempt has left that failed or died is made again. @throws PlaceError */
  async make(threadId: string, work: WorkTree, signal: AbortSignal): Promise<Place> {
    const before = this.#making.get(threadId)?.catch(() => undefined);
    const place = Promise.resolve(before).then(() => this.#make(threadId, work, signal));
    this.#making.set(threadId, place);
    try {
      return await place;
    } finally {
      if (this.#making.get(threadId) === place) this.#making.delete(threadId);
    }
  }

  async #make(threadId: string, work: WorkTree, signal: AbortSignal): Promise<Place> {
    const folder = this.#folderOf(threadId);
    const home = join(folder, 'home');
    await mkdir(home, { recursive: true, mode: 0o700 });
    await this.#share(home);
    const cwd = await this.#workTree(join(folder, 'work'), work, signal);
    return { cwd, home };
  }

  /** The home of a thread. @throws PlaceError for what is no id */
  homeOf(threadId: string): string {
    return join(this.#folderOf(threadId), 'home');
  }

  /** Writes down for whom a thread was made, for lists. @throws PlaceError for what is no id */
  async noteOwner(threadId: string, user: string): Promise<void> {
    this.#folderOf(threadId);
    await this.#index.note(user, threadId);
  }

  /** The newest threads that were made for a user. */
  threadsOf(user: string): Promise<readonly string[]> {
    return this.#index.newest(user);
  }

  /** Removes a thread's work tree, and with `record` all that is known of it. What is shared stays. @throws PlaceError */
  async clean(threadId: string, { record }: { readonly record: boolean }, signal: AbortSignal): Promise<void> {
    const folder = this.#folderOf(threadId);
    await rm(join(folder, 'work'), { recursive: true, force: true });
    await removeDrafts(folder);
    if (record) await rm(folder, { recursive: true, force: true });
    signal.throwIfAborted();
  }

  #folderOf(threadId: string): string {
    if (!isThreadId(threadId)) throw new PlaceError('the id of a thread is a UUID in lower case');
    const folder = join(this.#data, 'threads', threadId);
    for (const path of [join(this.#data, 'threads'), folder]) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw new PlaceError(`${path} is a link`);
    }
    return folder;
  }

  async #share(home: string): Promise<void> {
    for (const name of SHARED) {
      const settings = join(this.#data, 'settings', name);
      const link = join(home, name);
      if (!existsSync(settings) || lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
      await symlink(settings, link);
    }
  }

  async #workTree(cwd: string, work: WorkTree, signal: AbortSignal): Promise<string> {
    switch (work.type) {
      case 'directory':
        return this.#given('directories', work.name);
      case 'empty':
        await mkdir(cwd, { recursive: true, mode: 0o700 });
        return cwd;
      case 'worktree': {
        const repository = this.#given('repositories', work.repository);
        const { revision } = work;
        return this.#made(cwd, (making) => addWorkTree({ repository, revision, cwd, ...making }), signal);
      }
      case 'clone':
        this.#requireAllowed(work.url);
        return this.#made(cwd, (making) => clone({ url: work.url, revision: work.revision, cwd, ...making }), signal);
    }
  }

  async #made(cwd: string, make: (making: Making) => Promise<void>, signal: AbortSignal): Promise<string> {
    await makeWhole(cwd, this.#abandonedMs, make, signal);
    if (await exists(join(cwd, '.git'))) return cwd;
    throw new PlaceError(`${cwd} is no work tree: remove it with keel-fleet clean`);
  }

  /** A dot segment could lead from an allowed URL to another one, and a transport could be any program. */
  #requireAllowed(url: string): void {
    const isPlain = /^(?:https|ssh|file):\/\/[^\s?#]+$/.test(url) && !/(?:^|\/)\.{1,2}(?:\/|$)|%2e|\\/i.test(url);
    const isAllowed = this.#cloneFrom.some((start) => start.endsWith('/') && url.startsWith(start));
    if (!isPlain || !isAllowed) throw new PlaceError('this repository is not one that the fleet clones');
  }

  /** What the operator has put there may be a link: it is theirs to say where it leads. */
  #given(kind: string, name: string): string {
    const path = join(this.#data, kind, name);
    if (!existsSync(path)) throw new PlaceError(`there is no ${name} in ${kind}`);
    return path;
  }
}
