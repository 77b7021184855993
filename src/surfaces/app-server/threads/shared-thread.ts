import type { LiveThread } from '../../../engine/threads/index.ts';
import { KeelError, type Op, type SessionEvent, type SessionEventOf } from '../../../foundation/protocol/index.ts';
import { Deferred, onAbort, uuidV7 } from '../../../foundation/util/index.ts';
import type { Config } from '../../../storage/config/index.ts';
import type { Client } from '../methods/method.ts';
import { notificationsOf, ofUsage, planNotification } from '../notifications/notify.ts';
import { type AskedKinds, isAsked } from '../notifications/wire-policy.ts';
import {
  type SessionSettings,
  statusOf,
  type ThreadCard,
  type ThreadStatus,
  wireThread,
} from '../notifications/wire-thread.ts';
import { wireTurn } from '../notifications/wire-turn.ts';
import { OpenQuestions } from '../requests/open-questions.ts';
import { ThreadView, type ViewedTurn } from './thread-view.ts';

/** What becomes of a running turn when nobody follows its thread any more. */
export type WhenAlone = 'interrupt' | 'continue';

/** What counts from a turn on. */
export type TurnSettings = Partial<SessionSettings> & { readonly kinds?: AskedKinds | null };

export interface SharedThreadOptions {
  readonly session: LiveThread;
  readonly config: Config;
  /** What was known of the thread before it was opened; absent: it is new. */
  readonly card: Pick<ThreadCard, 'preview' | 'name' | 'createdAt' | 'forkedFromId'> | null;
  readonly whenAlone: WhenAlone;
  /** Which questions are asked; null: all. Not recorded: a thread that is resumed without a word about it asks all. */
  readonly kinds: AskedKinds | null;
  /** Sends to all clients, whether they follow the thread or not. */
  readonly broadcast: (method: string, params: object) => void;
  readonly log: (line: string) => void;
}

/** A live thread and the clients that follow it. Each gets every notification, and all are asked what needs approval. */
export class SharedThread {
  readonly session: LiveThread;
  readonly config: Config;
  readonly view = new ThreadView();
  /** Resolves when the earlier turns are known. */
  readonly ready: Promise<void>;
  /** Resolves when the session has ended and the record is free. */
  readonly ended: Promise<void>;
  name: string | null;
  readonly #options: SharedThreadOptions;
  readonly #questions: OpenQuestions;
  readonly #subscribers = new Map<Client, Disposable>();
  readonly #createdAt: number;
  #updatedAt: number;
  #settings: SessionSettings;
  #kinds: AskedKinds | null;
  #status: ThreadStatus = { type: 'idle' };
  /** The op of which it isn't known yet which turn works on it: one at a time, so that a refusal is known to be about it. */
  #starting: {
    readonly id: string;
    readonly kinds: AskedKinds | null;
    readonly turn: Deferred<ViewedTurn>;
  } | null = null;
  #lastStart: Promise<unknown> = Promise.resolve();
  readonly #turnEnds = new Map<string, Deferred<void>>();
  #closing: Promise<void> | null = null;

  constructor(options: SharedThreadOptions) {
    const { session, config, card } = options;
    this.#options = options;
    this.session = session;
    this.config = config;
    this.name = card?.name ?? null;
    this.#createdAt = card?.createdAt ?? Date.now();
    this.#updatedAt = Date.now();
    this.#settings = session.configuration;
    this.#kinds = options.kinds;
    this.#questions = new OpenQuestions(session);
    const events = session.events();
    // The first event has the turns so far.
    this.ready = events.next().then(({ value }) => this.view.apply(value));
    this.ended = this.ready.then(() => this.#follow(events));
  }

  get id(): string {
    return this.session.threadId;
  }

  get status(): ThreadStatus {
    return this.#status;
  }

  get settings(): SessionSettings {
    return this.#settings;
  }

  get kinds(): AskedKinds | null {
    return this.#kinds;
  }

  get isClosing(): boolean {
    return this.#closing !== null || this.#status.type === 'notLoaded';
  }

  /** The thread in the protocol's form, with its turns or without. */
  wire({ turns }: { readonly turns: boolean } = { turns: false }): object {
    const { card } = this.#options;
    const { model, effort, cwd } = this.#settings;
    const shown: ThreadCard = {
      id: this.id,
      path: this.session.rolloutPath,
      cwd,
      preview: this.#preview() ?? card?.preview ?? '',
      name: this.name,
      model,
      effort,
      modelProvider: this.config.provider.id,
      createdAt: this.#createdAt,
      updatedAt: this.#updatedAt,
      source: 'appServer',
      gitBranch: null,
      forkedFromId: card?.forkedFromId ?? null,
      parentId: null,
    };
    return wireThread(shown, this.#status, turns ? this.view.turns : []);
  }

  /** From now on the client gets what happens in the thread; first what a late reader has to know beside the turns. */
  subscribe(client: Client): void {
    if (this.#subscribers.has(client)) return;
    this.#subscribers.set(
      client,
      onAbort(client.closed, () => this.unsubscribe(client)),
    );
    const { running, usage, questions } = this.view;
    const plan = running?.items.findLast((item) => item.type === 'plan');
    for (const { method, params } of [
      ...(usage === null ? [] : ofUsage(this.id, usage)),
      ...(running === null || plan === undefined ? [] : [planNotification(this.id, running.id, plan)]),
    ]) {
      client.notify(method, params);
    }
    for (const question of questions) if (isAsked(question.request, this.#kinds)) this.#questions.ask(question, client);
  }

  /** @returns whether the client followed the thread. The last one that leaves closes it, now or when its turn has ended. */
  unsubscribe(client: Client): boolean {
    const listener = this.#subscribers.get(client);
    if (listener === undefined) return false;
    listener[Symbol.dispose]();
    this.#subscribers.delete(client);
    this.#questions.forget(client);
    if (this.#subscribers.size === 0) this.#closeIfUnused();
    return true;
  }

  /**
   * Starts a turn, or, for input of the user, hands it to the one that runs.
   * @returns the turn that works on it
   * @throws KeelError what keeps the turn from starting
   */
  async startTurn(op: Op, settings: TurnSettings = {}): Promise<ViewedTurn> {
    const start = this.#lastStart.then(() => this.#startTurn(op, settings));
    this.#lastStart = start.catch(() => undefined);
    return await start;
  }

  async #startTurn(op: Op, { kinds = this.#kinds, ...settings }: TurnSettings): Promise<ViewedTurn> {
    const id = uuidV7(Date.now());
    const starting = { id, kinds, turn: new Deferred<ViewedTurn>() };
    this.#starting = starting;
    try {
      this.session.submit(op, id);
      const turn = await starting.turn.promise;
      this.#settings = { ...this.#settings, ...settings };
      return turn;
    } finally {
      this.#starting = null;
    }
  }

  /** Stops a turn that runs; resolves when it has ended. @throws KeelError `sessionClosed`: its end will not be seen here */
  async interrupt(turnId: string): Promise<void> {
    this.session.submit({ type: 'interrupt' });
    const end = this.#turnEnds.get(turnId) ?? new Deferred<void>();
    this.#turnEnds.set(turnId, end);
    await end.promise;
  }

  /** Stops what runs and closes the thread; its record stays. */
  close(): Promise<void> {
    this.#closing ??= this.session.close().catch((error: unknown) => {
      this.#options.log(`app-server: thread ${this.id}: ${error instanceof Error ? error.message : String(error)}`);
    });
    return this.#closing.then(() => this.ended);
  }

  /** Sends to the clients that follow the thread. */
  notify(method: string, params: object): void {
    for (const client of this.#subscribers.keys()) client.notify(method, params);
  }

  async #follow(events: AsyncIterable<SessionEvent>): Promise<void> {
    for await (const event of events) this.#take(event);
    await this.session.ended;
  }

  #take(given: SessionEvent): void {
    const isEnd = given.type === 'item.completed';
    const event = isEnd ? { ...given, item: this.#questions.settled(given.item) } : given;
    this.#updatedAt = Date.now();
    const notifications = notificationsOf(this.id, event, this.view);
    // Clients hear that a question is settled before they hear what came of it.
    if (event.type === 'approval.resolved') this.#questions.resolve(event.questionId);
    if (event.type === 'turn.completed') this.#questions.resolveAll();
    this.view.apply(event);
    this.#setStatus(event.type === 'thread.closed' ? { type: 'notLoaded' } : statusOf(this.view));
    for (const { method, params } of notifications) this.notify(method, params);
    switch (event.type) {
      case 'turn.started':
        return this.#turnStarted(event.turnId);
      case 'turn.completed':
        return this.#turnCompleted(event.turnId);
      case 'submission.joined':
        return this.#taken(event.id, event.turnId);
      case 'submissions.dropped':
        return this.#dropped(event.ids);
      case 'approval.requested':
        return this.#asked(event);
      case 'error':
        if (event.turnId === null) this.#starting?.turn.reject(new KeelError(event.error.kind, event.error.message));
        return;
      case 'thread.closed':
        return this.#threadClosed();
      default:
    }
  }

  #turnStarted(turnId: string): void {
    const { running } = this.view;
    if (running === null) return;
    this.#taken(turnId, turnId);
    this.notify('turn/started', { threadId: this.id, turn: wireTurn(running, 'notLoaded') });
  }

  #asked(question: SessionEventOf<'approval.requested'>): void {
    if (!isAsked(question.request, this.#kinds)) return this.#questions.decline(question);
    for (const client of this.#subscribers.keys()) this.#questions.ask(question, client);
  }

  /** Whoever asked for this op hears which turn works on it. */
  #taken(id: string, turnId: string): void {
    const turn = this.view.turns.findLast((one) => one.id === turnId);
    if (this.#starting?.id !== id || turn === undefined) return;
    // What is asked in the turn comes after this.
    this.#kinds = this.#starting.kinds;
    this.#starting.turn.resolve(turn);
  }

  #dropped(ids: readonly string[]): void {
    if (this.#starting === null || !ids.includes(this.#starting.id)) return;
    this.#starting.turn.reject(new KeelError('interrupted', 'not carried out, since the running turn was stopped'));
  }

  #turnCompleted(turnId: string): void {
    const turn = this.view.turns.findLast(({ id }) => id === turnId);
    if (turn !== undefined) {
      this.notify('turn/completed', { threadId: this.id, turn: wireTurn(turn, 'summary') });
    }
    this.#turnEnds.get(turnId)?.resolve();
    this.#turnEnds.delete(turnId);
    if (this.#subscribers.size === 0) this.#closeIfUnused();
  }

  #threadClosed(): void {
    const gone = new KeelError('sessionClosed', 'the thread was closed');
    this.#starting?.turn.reject(gone);
    for (const end of this.#turnEnds.values()) end.reject(gone);
    this.#turnEnds.clear();
    this.#options.broadcast('thread/closed', { threadId: this.id });
    for (const listener of this.#subscribers.values()) listener[Symbol.dispose]();
    this.#subscribers.clear();
  }

  #closeIfUnused(): void {
    if (this.view.running !== null && this.#options.whenAlone === 'continue') return;
    void this.close();
  }

  #setStatus(status: ThreadStatus): void {
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    this.#options.broadcast('thread/status/changed', { threadId: this.id, status });
  }

  #preview(): string | null {
    for (const { items } of this.view.turns) {
      const said = items.find((item) => item.type === 'userMessage');
      const text = said?.content.flatMap((part) => (part.type === 'text' ? part.text : [])).join(' ');
      if (text) return text.slice(0, 1_000);
    }
    return null;
  }
}
