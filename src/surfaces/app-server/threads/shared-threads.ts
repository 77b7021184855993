import { RecordedThreads, type ThreadOrigin, type ThreadSummary, Threads } from '../../../engine/threads/index.ts';
import type { Turn } from '../../../foundation/protocol/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { ErrorCode, MethodError } from '../methods/method.ts';
import type { AskedKinds } from '../notifications/wire-policy.ts';
import { SharedThread, type SharedThreadOptions } from './shared-thread.ts';
import type { ViewedTurn } from './thread-view.ts';

export interface SharedThreadsOptions extends Pick<SharedThreadOptions, 'whenAlone' | 'broadcast' | 'log'> {
  readonly home: string;
}

export interface NewThread {
  readonly config: Config;
  readonly origin: ThreadOrigin;
  readonly ephemeral?: boolean;
  /** Which questions are asked; absent: all. */
  readonly kinds?: AskedKinds | null;
  /** Of the thread that is forked or resumed. */
  readonly recorded?: ThreadSummary | null;
}

/** The threads that this server has open, each once, whoever asks for it. */
export class SharedThreads implements AsyncDisposable {
  readonly recorded: RecordedThreads;
  readonly #options: SharedThreadsOptions;
  readonly #threads = new Threads({
    source: 'appServer',
    originator: 'keel_app_server',
    canAsk: true,
    ownsProcess: true,
  });
  readonly #open = new Map<string, SharedThread>();
  /** Threads that are being opened, by id. */
  readonly #opening = new Map<string, Promise<SharedThread>>();

  constructor(options: SharedThreadsOptions) {
    this.#options = options;
    this.recorded = new RecordedThreads(options.home);
  }

  /** Null: it is not open, or is being closed. */
  find(id: string): SharedThread | null {
    const thread = this.#open.get(id.toLowerCase());
    return thread === undefined || thread.isClosing ? null : thread;
  }

  /** @throws MethodError */
  require(id: string): SharedThread {
    const thread = this.find(id);
    if (thread !== null) return thread;
    throw new MethodError(ErrorCode.invalidRequest, `thread not found: ${id.slice(0, 100)}`);
  }

  /** A thread's turns, oldest first, whether it is open or not. @throws MethodError, KeelError `rolloutCorrupt` */
  turnsOf(id: string): readonly (Turn | ViewedTurn)[] {
    return this.find(id)?.view.turns ?? this.recorded.turns(id);
  }

  /** @throws MethodError */
  async requireRecorded(id: string): Promise<ThreadSummary> {
    const recorded = await this.recorded.find(id);
    if (recorded !== null) return recorded;
    throw new MethodError(ErrorCode.invalidRequest, `no rollout found for thread id ${id.slice(0, 100)}`);
  }

  get ids(): readonly string[] {
    return [...this.#open.keys()].filter((id) => this.find(id) !== null);
  }

  get folders(): readonly string[] {
    return [...this.#open.values()].map(({ settings }) => settings.cwd);
  }

  /** @throws KeelError for settings or an origin that can't be used */
  async open({ config, origin, ephemeral = false, recorded = null, kinds = null }: NewThread): Promise<SharedThread> {
    const session = await this.#threads.open({
      config,
      origin,
      ephemeral,
      answersQuestions: true,
      checksOutput: true,
      settings: 'thread',
    });
    const forkedFromId = origin.type === 'fork' ? (recorded?.id ?? null) : (recorded?.forkedFromId ?? null);
    const card = recorded && {
      preview: recorded.preview,
      name: origin.type === 'fork' ? null : recorded.name,
      createdAt: origin.type === 'fork' ? Date.now() : recorded.createdAt,
      forkedFromId,
    };
    const thread = new SharedThread({ ...this.#options, session, config, card, kinds });
    this.#open.set(thread.id, thread);
    void thread.ended.then(() => {
      if (this.#open.get(thread.id) === thread) this.#open.delete(thread.id);
    });
    await thread.ready;
    return thread;
  }

  /** Joins a thread that is open, or opens a recorded one. `configOf` reads its settings. @throws KeelError, MethodError */
  async resume(
    id: string,
    configOf: (recorded: ThreadSummary) => Promise<Config>,
    kinds: AskedKinds | null = null,
  ): Promise<SharedThread> {
    const key = id.toLowerCase();
    const opening = this.#opening.get(key) ?? this.#resume(key, configOf, kinds);
    this.#opening.set(key, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(key);
    }
  }

  /** Closes a thread if it is open. */
  async close(id: string): Promise<void> {
    await this.#open.get(id.toLowerCase())?.close();
  }

  killProcesses(): void {
    this.#threads.killProcesses();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#open.values()].map((thread) => thread.close()));
    await this.#threads[Symbol.asyncDispose]();
  }

  async #resume(
    id: string,
    configOf: (recorded: ThreadSummary) => Promise<Config>,
    kinds: AskedKinds | null,
  ): Promise<SharedThread> {
    const live = this.find(id);
    if (live !== null) return live;
    // One that is being closed is free when it has ended.
    await this.#open.get(id)?.ended;
    const recorded = await this.requireRecorded(id);
    return await this.open({ config: await configOf(recorded), origin: { type: 'resume', id }, recorded, kinds });
  }
}
