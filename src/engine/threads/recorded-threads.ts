import type { Turn } from '../../foundation/protocol/index.ts';
import {
  archiveThread,
  findRollout,
  MessageHistory,
  nameThread,
  ThreadIndex,
  type ThreadPage,
  type ThreadQuery,
  type ThreadSummary,
  unarchiveThread,
} from '../../storage/threads/index.ts';
import { recordedTurns } from '../session/index.ts';

/** How much of the file of typed messages is read. */
const RECENT_MESSAGES_BYTES = 256 * 1024;

/** The threads that are recorded in a home, whoever has them open. */
export class RecordedThreads {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** A page of them, newest first. @throws KeelError `invalidInput` for an invalid cursor or limit */
  async list(query: ThreadQuery): Promise<ThreadPage> {
    using index = new ThreadIndex(this.#home);
    return await index.list(query);
  }

  /** Null: there is no such thread. */
  async find(id: string): Promise<ThreadSummary | null> {
    using index = new ThreadIndex(this.#home);
    return await index.get(id);
  }

  /** Its turns as people saw them, oldest first. @throws KeelError `threadNotFound`, `rolloutCorrupt` */
  turns(id: string): readonly Turn[] {
    return recordedTurns(findRollout(this.#home, { type: 'id', id }));
  }

  /** Null: the thread has no name. */
  async nameOf(id: string): Promise<string | null> {
    return (await this.find(id))?.name ?? null;
  }

  /** Gives a thread a name; an empty one takes it away. @throws KeelError `invalidInput`, `storageFailed` */
  rename(id: string, name: string): void {
    nameThread(this.#home, { id, name, nowMs: Date.now() });
  }

  /** Moves a thread that is not open out of the lists. @throws KeelError `threadNotFound`, `threadBusy`, `storageFailed` */
  archive(id: string): void {
    const path = findRollout(this.#home, { type: 'id', id });
    archiveThread(this.#home, { threadId: id, path });
  }

  /** Moves an archived thread back into the lists. @throws as `archive` */
  unarchive(id: string): void {
    const path = findRollout(this.#home, { type: 'id', id });
    unarchiveThread(this.#home, { threadId: id, path });
  }

  /** The newest messages that the user typed in any thread, oldest first. */
  async recentMessages(): Promise<readonly string[]> {
    const history = new MessageHistory(this.#home, { maxBytes: Number.POSITIVE_INFINITY });
    return history.newest(RECENT_MESSAGES_BYTES);
  }
}
