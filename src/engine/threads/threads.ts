import type { SessionSource } from '../../foundation/protocol/index.ts';
import { version } from '../../foundation/util/index.ts';
import type { Config } from '../../storage/config/index.ts';
import { type OpenSessionOptions, openSession, type Session } from '../session/index.ts';
import type { Observers, ThreadOpened } from '../telemetry/index.ts';

export interface ThreadsOptions {
  readonly source: SessionSource;
  readonly originator: string;
  /** Whether somebody answers approval requests. */
  readonly canAsk: boolean;
  /**
   * Whether this process runs keel and nothing else: processes that commands leave without a parent end with the last thread
   * then. Inside another program keel touches none of that program's processes.
   */
  readonly ownsProcess: boolean;
}

/** An open thread as a surface uses it: a session of this process, or one that is at work elsewhere. */
export type LiveThread = Pick<
  Session,
  | 'threadId'
  | 'rolloutPath'
  | 'configuration'
  | 'changes'
  | 'submit'
  | 'events'
  | 'close'
  | 'ended'
  | 'report'
  | 'endCommands'
  | 'serverPrompts'
  | 'serverPrompt'
>;

/** A thread to open. */
export interface ThreadOptions
  extends Pick<
    OpenSessionOptions,
    | 'config'
    | 'origin'
    | 'answersQuestions'
    | 'checksOutput'
    | 'settings'
    | 'customTools'
    | 'openTransport'
    | 'documents'
  > {
  /** Keep no record of it. Default false. */
  readonly ephemeral?: boolean;
  /** Default `interrupt`. */
  readonly unfinishedTurn?: OpenSessionOptions['unfinishedTurn'];
  /** Called with each subagent below the thread, before it does anything. */
  readonly onChild?: (child: Session) => void;
}

/**
 * The threads that one program has open. They run side by side, and several readers can follow the events of each.
 * A thread is closed through its session and is then no longer live; closing this closes them all.
 */
export class Threads implements AsyncDisposable {
  readonly #options: ThreadsOptions;
  readonly #live = new Map<string, Session>();
  #observers: Observers | null = null;
  /** Threads that are live or being opened. */
  #count = 0;

  constructor(options: ThreadsOptions) {
    this.#options = options;
  }

  /**
   * Opens a thread: a new one, or a recorded one to resume or fork.
   * @throws KeelError as `openSession` does; nothing is left open
   */
  async open({ ephemeral = false, unfinishedTurn = 'interrupt', ...thread }: ThreadOptions): Promise<Session> {
    const { source, originator, canAsk, ownsProcess } = this.#options;
    this.#count += 1;
    try {
      const onOpen = await this.#observer(thread.config);
      const session = await openSession({
        ...thread,
        ephemeral,
        unfinishedTurn,
        source,
        originator,
        canAsk,
        version,
        ...(onOpen === null ? {} : { onOpen }),
        // An orphan could be any thread's: the last one to close ends them.
        ...(ownsProcess ? { orphans: () => (this.#count > 1 ? 'collect' : 'end') } : {}),
      });
      this.#live.set(session.threadId, session);
      void session.ended.then(() => {
        this.#live.delete(session.threadId);
        this.#count -= 1;
      });
      return session;
    } catch (error) {
      this.#count -= 1;
      throw error;
    }
  }

  /** Null: nothing is reported of the thread, and nothing was loaded for that. */
  async #observer(config: Config): Promise<ThreadOpened | null> {
    if (config.telemetry === null && config.log.level !== 'debug') return null;
    const { Observers } = await import('../telemetry/index.ts');
    const { originator, ownsProcess } = this.#options;
    this.#observers ??= new Observers({ originator, isEmbedded: !ownsProcess });
    return await this.#observers.of(config);
  }

  /** A thread that is open here; null: this one is not. */
  find(id: string): Session | null {
    return this.#live.get(id) ?? null;
  }

  /** Ends every process of every open thread at once, for a program that is about to exit. */
  killProcesses(): void {
    for (const session of this.#live.values()) session.killProcesses();
  }

  /** Stops and closes every thread; nothing of them runs any more. @throws the first failure to close one */
  async [Symbol.asyncDispose](): Promise<void> {
    const [last, ...others] = this.#live.values();
    try {
      await Promise.all(others.map(close));
      if (last !== undefined) await close(last);
    } finally {
      await this.#observers?.close();
    }
  }
}

/** Afterwards the thread is no longer counted as open. */
async function close(session: Session): Promise<void> {
  await session.close();
  await session.ended;
}
