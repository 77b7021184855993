import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import {
  type LiveThread,
  RecordedThreads,
  type ThreadOrigin,
  type ThreadSummary,
  Threads,
} from '../../../engine/threads/index.ts';
import type { Turn } from '../../../foundation/protocol/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import { ErrorCode, MethodError } from '../methods/method.ts';
import type { AskedKinds } from '../notifications/wire-policy.ts';
import { SharedThread, type SharedThreadOptions } from './shared-thread.ts';
import type { ViewedTurn } from './thread-view.ts';

export interface SharedThreadsOptions extends Pick<SharedThreadOptions, 'whenAlone' | 'broadcast' | 'log'> {
  readonly home: string;
  /** Where threads are looked for that are not recorded here; null: nowhere. */
  readonly fleet: FleetFront | null;
}

/** The front of a fleet. */
export interface FleetFront {
  readonly url: string;
  /** The user's token there; null: none is needed. */
  readonly token: string | null;
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
  /** Those of them that the workers of a fleet run: their directories are not of this machine. */
  readonly #ofFleet = new WeakSet<SharedThread>();
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
    return [...this.#open.values()].flatMap((thread) => (this.#ofFleet.has(thread) ? [] : thread.settings.cwd));
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
    return await this.#add(session, { config, card, kinds });
  }

  /**
   * Joins a thread that is open, or opens one that is recorded here or at the fleet.
   * @param configOf reads its settings; null: it is of the fleet, which has its own
   * @throws KeelError, MethodError
   */
  async resume(
    id: string,
    configOf: (recorded: ThreadSummary | null) => Promise<Config>,
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

  async #add(
    session: LiveThread,
    options: Pick<SharedThreadOptions, 'config' | 'card' | 'kinds'>,
    isOfFleet = false,
  ): Promise<SharedThread> {
    const thread = new SharedThread({ ...this.#options, session, ...options });
    if (isOfFleet) this.#ofFleet.add(thread);
    this.#open.set(thread.id, thread);
    void thread.ended.then(() => {
      if (this.#open.get(thread.id) === thread) this.#open.delete(thread.id);
    });
    await thread.ready;
    return thread;
  }

  async #resume(
    id: string,
    configOf: (recorded: ThreadSummary | null) => Promise<Config>,
    kinds: AskedKinds | null,
  ): Promise<SharedThread> {
    const live = this.find(id);
    if (live !== null) return live;
    // One that is being closed is free when it has ended.
    await this.#open.get(id)?.ended;
    const { fleet } = this.#options;
    if (fleet !== null && (await this.recorded.find(id)) === null) {
      return await this.#openOfFleet({ ...fleet, threadId: id }, await configOf(null), kinds);
    }
    const recorded = await this.requireRecorded(id);
    return await this.open({ config: await configOf(recorded), origin: { type: 'resume', id }, recorded, kinds });
  }

  /** What a turn of it has shown by now is there when the client is answered. */
  async #openOfFleet(
    address: FleetFront & { readonly threadId: string },
    config: Config,
    kinds: AskedKinds | null,
  ): Promise<SharedThread> {
    const { FleetThread } = await import('../../../engine/fleet/index.ts');
    const session = await FleetThread.open(address, config, new AbortController().signal);
    const thread = await this.#add(session, { config, card: null, kinds }, true);
    await session.caughtUp;
    await eventLoopTurn();
    return thread;
  }
}
