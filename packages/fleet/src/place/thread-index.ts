import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from './maker.ts';
import { isThreadId } from './work-tree.ts';

/** The file in a thread's folder with which an earlier version noted its user. */
const OWNER = 'owner';
const MOST_LISTED = 50;

/** Which threads were made for which user: an empty file for each, in a folder per user, `users/user-<name>/<id>`. */
export class ThreadIndex {
  readonly #data: string;

  constructor(data: string) {
    this.#data = data;
  }

  async note(user: string, threadId: string): Promise<void> {
    await writeFile(join(await this.#folderOf(user), threadId), '', { mode: 0o600 });
  }

  /** The newest threads of a user. A thread whose folder was removed is forgotten. */
  async newest(user: string): Promise<readonly string[]> {
    const folder = await this.#folderOf(user);
    const ids = (await readdir(folder)).filter(isThreadId);
    const times = await Promise.all(ids.map(async (id) => ({ id, time: (await timeOf(join(folder, id))) ?? 0 })));
    const listed: string[] = [];
    for (const { id } of times.toSorted((one, other) => other.time - one.time)) {
      if (listed.length === MOST_LISTED) break;
      if ((await timeOf(join(this.#data, 'threads', id))) !== null) listed.push(id);
      else await rm(join(folder, id), { force: true });
    }
    return listed;
  }

  /** A user's folder is made from what an earlier version noted. */
  async #folderOf(user: string): Promise<string> {
    const folder = join(this.#data, 'users', `user-${user}`);
    if (existsSync(folder)) return folder;
    const draft = `${folder}.${randomUUID()}`;
    await mkdir(draft, { recursive: true, mode: 0o700 });
    for (const id of await namesIn(join(this.#data, 'threads'))) {
      const owner = join(this.#data, 'threads', id, OWNER);
      const time = isThreadId(id) ? await timeOf(owner) : null;
      if (time === null || (await readFile(owner, 'utf8')) !== user) continue;
      await writeFile(join(draft, id), '', { mode: 0o600 });
      await utimes(join(draft, id), time / 1_000, time / 1_000);
    }
    try {
      await rename(draft, folder);
    } catch (error) {
      // Another front has made it meanwhile.
      await rm(draft, { recursive: true });
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    }
    return folder;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** When it was last changed, ms since 1970; null: it is gone. */
async function timeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}
