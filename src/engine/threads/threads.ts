import type { SessionSource } from '../../foundation/protocol/index.ts';
import type { Config } from '../../storage/config/index.ts';
import {
  archiveThread,
  findRollout,
  MessageHistory,
  nameThread,
  ThreadIndex,
  type ThreadPage,
  type ThreadQuery,
} from '../../storage/threads/index.ts';
import { openSession, type Session, type ThreadOrigin } from '../session/index.ts';

/** Of the file of typed messages, this much is read. */
const RECENT_MESSAGES_BYTES = 256 * 1024;

export interface ThreadsOptions {
  readonly home: string;
  readonly source: SessionSource;
  readonly originator: string;
  readonly version: string;
  /** Whether somebody answers approval requests. */
  readonly canAsk: boolean;
}

/**
 * The threads of one program that has the process to itself: those that are recorded, and the ones that it has open, one after
 * the other. Orphans of commands end with the thread, so a thread is closed before the next one is opened.
 */
export class Threads implements AsyncDisposable {
  readonly #options: ThreadsOptions;
  readonly #open = new Set<Session>();

  constructor(options: ThreadsOptions) {
    this.#options = options;
  }

  /**
   * Opens a thread: a new one, or a recorded one to resume or fork.
   * @throws KeelError as `openSession` does
   */
  async open(config: Config, origin: ThreadOrigin): Promise<Session> {
    const { source, originator, version, canAsk } = this.#options;
    const session = await openSession({
      config,
      origin,
      source,
      originator,
      version,
      canAsk,
      ephemeral: false,
      orphans: 'end',
      unfinishedTurn: 'interrupt',
    });
    this.#open.add(session);
    return session;
  }

  /** Stops a thread and closes it; nothing of it runs any more. */
  async close(session: Session): Promise<void> {
    this.#open.delete(session);
    await session.close();
  }

  /** Ends every process of every open thread at once, for a program that is about to exit. */
  killProcesses(): void {
    for (const session of this.#open) session.killProcesses();
  }

  /** @throws KeelError `invalidInput` */
  async list(query: ThreadQuery): Promise<ThreadPage> {
    using index = new ThreadIndex(this.#options.home);
    return await index.list(query);
  }

  /** Null: it has none. */
  async nameOf(id: string): Promise<string | null> {
    using index = new ThreadIndex(this.#options.home);
    return (await index.get(id))?.name ?? null;
  }

  /** Gives a thread a name; an empty one takes it away. @throws KeelError `invalidInput`, `storageFailed` */
  rename(id: string, name: string): void {
    nameThread(this.#options.home, { id, name, nowMs: Date.now() });
  }

  /** Moves a thread that is not open out of the lists. @throws KeelError `threadNotFound`, `threadBusy`, `storageFailed` */
  archive(id: string): void {
    const path = findRollout(this.#options.home, { type: 'id', id });
    archiveThread(this.#options.home, { threadId: id, path });
  }

  /** The newest messages that the user typed in any thread, oldest first. */
  async recentMessages(): Promise<readonly string[]> {
    const history = new MessageHistory(this.#options.home, { maxBytes: Number.POSITIVE_INFINITY });
    return history.newest(RECENT_MESSAGES_BYTES);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open].map((session) => this.close(session)));
  }
}
