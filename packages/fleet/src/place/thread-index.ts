import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './mark.ts';
import { isThreadId } from './work-tree.ts';

/** The file in a thread's folder with which an earlier version notes its user. */
const OWNER = 'owner';
const USER = /^[\w.@-]{1,64}$/;
const MOST_LISTED = 50;
/** How soon a thread is listed that a front of an earlier version has made, ms. */
const IMPORT_EVERY_MS = 60_000;

/** Which threads were made for which user: an empty file for each, in a folder per user, `users/user-<name>/<id>`. */
export class ThreadIndex {
  readonly #data: string;
  readonly #importEveryMs: number;
  #imported: Promise<void> = Promise.resolve();
  #importedAt = Number.NEGATIVE_INFINITY;

  constructor(data: string, importEveryMs = IMPORT_EVERY_MS) {
    this.#data = data;
    this.#importEveryMs = importEveryMs;
  }

  async note(user: string, threadId: string): Promise<void> {
    const folder = this.#folderOf(user);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, threadId), '', { mode: 0o600 });
  }

  /** The newest threads of a user. A thread whose folder was removed is forgotten. */
  async newest(user: string): Promise<readonly string[]> {
    await this.#importEarlier();
    const folder = this.#folderOf(user);
    const ids = (await namesIn(folder)).filter(isThreadId);
    const times = await Promise.all(ids.map(async (id) => ({ id, time: (await timeOf(join(folder, id))) ?? 0 })));
    const listed: string[] = [];
    for (const { id } of times.toSorted((one, other) => other.time - one.time)) {
      if (listed.length === MOST_LISTED) break;
      if ((await timeOf(join(this.#data, 'threads', id))) !== null) listed.push(id);
      else await rm(join(folder, id), { force: true });
    }
    return listed;
  }

  #folderOf(user: string): string {
    return join(this.#data, 'users', `user-${user}`);
  }

  /** Notes for all users what an earlier version has: for whoever asks meanwhile as well, and not again for a while. */
  #importEarlier(): Promise<void> {
    const now = performance.now();
    if (now - this.#importedAt < this.#importEveryMs) return this.#imported;
    this.#importedAt = now;
    this.#imported = this.#import();
    // Whoever asks next tries again.
    this.#imported.catch(() => {
      this.#importedAt = Number.NEGATIVE_INFINITY;
    });
    return this.#imported;
  }

  /** Looks into the folders of threads that nobody has in the index. */
  async #import(): Promise<void> {
    const users = join(this.#data, 'users');
    const known = await Promise.all((await namesIn(users)).map((user) => namesIn(join(users, user))));
    const indexed = new Set(known.flat());
    for (const id of await namesIn(join(this.#data, 'threads'))) {
      if (isThreadId(id) && !indexed.has(id)) await this.#importOne(id);
    }
  }

  /** A thread without such a file is one that is being made, or that was made on this machine. */
  async #importOne(id: string): Promise<void> {
    const path = join(this.#data, 'threads', id, OWNER);
    const time = await timeOf(path);
    if (time === null) return;
    const user = await readFile(path, 'utf8');
    if (!USER.test(user)) return;
    await this.note(user, id);
    await utimes(join(this.#folderOf(user), id), time / 1_000, time / 1_000);
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

/** When it was last changed, ms since 1970; null: it is gone. */
async function timeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}
