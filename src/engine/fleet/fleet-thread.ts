import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type ApprovalRequest,
  type ErrorKind,
  KeelError,
  type Op,
  type SessionEvent,
  type SessionEventOf,
  toKeelError,
  type UserInput,
} from '../../foundation/protocol/index.ts';
import { imageInputPart } from '../../models/prompt/index.ts';
import { EventHub, type SessionReport } from '../session/index.ts';
import type { LiveThread } from '../threads/index.ts';
import { type FleetAddress, FleetApi, type FleetInput, type FleetQuestion, type FleetState } from './fleet-api.ts';
import { OwnSubmissions } from './own-submissions.ts';
import { ShownItems } from './shown-items.ts';

/** How often a thread is looked at that no worker shows, ms. */
const LOOK_MS = 1_000;
/** Answers of the front after which no other one comes. */
const REFUSALS: ReadonlySet<ErrorKind> = new Set(['unauthorized', 'threadNotFound', 'invalidInput']);

/**
 * A thread of a fleet, as a surface sees a thread of its own: ops go in, events come out. The work is done by whichever worker has
 * the thread; while none has it, its record and its state at the fleet say what there is. Closing it leaves the thread alone.
 */
export class FleetThread implements LiveThread {
  readonly threadId: string;
  readonly rolloutPath = null;
  readonly changes: readonly string[] = [];
  readonly configuration: LiveThread['configuration'];
  readonly #api: FleetApi;
  readonly #hub = new EventHub();
  readonly #shown = new ShownItems();
  readonly #stop = new AbortController();
  /** Those that were shown, by their ids: a worker that continues the thread asks the same ones again. */
  readonly #questions = new Map<string, Question>();
  readonly #own = new OwnSubmissions();
  /** Ops reach the fleet in their order. */
  #sending: Promise<void> = Promise.resolve();
  /** Resolves when what there is of the thread now was shown, or the fleet did not answer. */
  readonly caughtUp: Promise<void>;
  /** Resolves when nothing more is shown of the thread here. */
  readonly ended: Promise<void>;
  readonly #following: Promise<void>;
  #isAttached = false;
  /** The state up to which the record has been shown, as JSON; empty: none. */
  #caughtUp = '';

  private constructor(address: FleetAddress, opened: Opened) {
    const { api, configuration, turns } = opened;
    this.threadId = address.threadId;
    this.configuration = configuration;
    this.#api = api;
    const { model, effort, cwd } = configuration;
    const { threadId } = this;
    // A turn that is open is shown by its events.
    const ended = turns.filter(({ status }) => status !== 'inProgress');
    this.#hub.emit({ type: 'thread.started', threadId, model, effort, cwd, rolloutPath: null, turns: [...ended] });
    this.#shown.known(ended);
    this.caughtUp = this.#catchUp();
    this.#following = Promise.all([this.#followLive(), this.#followRecord()]).then(() => undefined);
    this.ended = new Promise<void>((resolve) => this.#stop.signal.addEventListener('abort', () => resolve())).then(
      () => this.#following,
    );
  }

  /**
   * @param settings for what the fleet does not say of the thread
   * @throws KeelError `threadNotFound`, `unauthorized`, `httpConnectionFailed`
   */
  static async open(
    address: FleetAddress,
    settings: Omit<LiveThread['configuration'], 'cwd'>,
    signal: AbortSignal,
  ): Promise<FleetThread> {
    const api = new FleetApi(address);
    const { place } = await api.state(signal);
    const { turns, context } = await api.recorded(signal);
    const { approvalPolicy, sandboxPolicy, model, effort, summary } = settings;
    const own = { approvalPolicy, sandboxPolicy, model, effort, summary, ...settingsIn(context), cwd: place.cwd };
    return new FleetThread(address, { api, turns, configuration: own });
  }

  submit(op: Op, id: string = randomUUID()): string {
    if (this.#stop.signal.aborted) throw new KeelError('sessionClosed', 'this thread is closed here');
    this.#sending = this.#sending
      .then(() => this.#send(op, id))
      .catch((error: unknown) => this.#refused(error, op, id));
    return id;
  }

  events(options?: { readonly deltas?: boolean }): AsyncIterableIterator<SessionEvent> {
    return this.#hub.subscribe(options);
  }

  async close(): Promise<void> {
    await this.#sending;
    this.#stop.abort();
    await this.#following;
    this.#endEvents();
  }

  /** @throws KeelError `invalidInput`: the worker has it */
  report(what: SessionReport['type']): SessionReport {
    throw new KeelError('invalidInput', `the worker that runs this thread knows its ${what}`);
  }

  /** The servers are the worker's. */
  serverPrompts(): readonly [] {
    return [];
  }

  /** @throws KeelError `invalidInput`: the worker has it */
  serverPrompt({ server }: { readonly server: string }): Promise<string> {
    return Promise.reject(
      new KeelError('invalidInput', `the worker that runs this thread knows the prompts of ${server}`),
    );
  }

  endCommands(): Promise<number> {
    return Promise.resolve(0);
  }

  async #send(op: Op, id: string): Promise<void> {
    switch (op.type) {
      case 'userInput': {
        const sent = { ...op, items: await Promise.all(op.items.map((item) => this.#withPicture(item))) };
        const { current } = await this.#look();
        // The fleet may not know yet that a turn has ended whose end was shown.
        if (current === null || this.#shown.hasEnded(current.turnId)) return this.#submit(sent, id);
        const arrival = await this.#api.input(steerOf(sent.items), this.#stop.signal);
        if (arrival !== null) this.#emit(this.#own.arrived({ ...arrival, id }));
        return;
      }
      case 'userTurn': {
        const { type: _, items, outputSchema, ...settings } = op;
        this.#requireOwn(settings);
        return this.#send({ type: 'userInput', items, ...(outputSchema === undefined ? {} : { outputSchema }) }, id);
      }
      case 'compact':
      case 'review':
      case 'undo':
        return this.#submit(op, id);
      case 'approval':
        return this.#answer(op);
      case 'interrupt':
        return this.#input({ type: 'interrupt' });
      case 'addToHistory':
      case 'getHistoryEntry':
        return;
      case 'overrideTurnContext':
      case 'userShell':
      case 'rollback':
      case 'shutdown':
        throw new KeelError('invalidInput', 'this can’t be done in a thread of a fleet from here');
    }
  }

  async #submit(op: Op, id: string): Promise<void> {
    const turnId = await this.#api.submit(op, submissionId(id), this.#stop.signal);
    this.#emit(this.#own.arrived({ turnId, at: null, id }));
  }

  /** One that the fleet did not take is asked again: at once where a worker waits with it, else as soon as the state has it. */
  async #answer({ questionId, decision }: Extract<Op, { type: 'approval' }>): Promise<void> {
    try {
      await this.#input({ type: 'answer', questionId, decision });
    } catch (error) {
      const asked = this.#questions.get(questionId);
      this.#questions.delete(questionId);
      this.#caughtUp = '';
      if (asked !== undefined && this.#isAttached) this.#ask(asked);
      throw error;
    }
  }

  /** @throws KeelError `invalidInput` for settings that are not those of the thread: whoever started it has chosen them */
  #requireOwn(settings: Readonly<Record<string, unknown>>): void {
    const own: Readonly<Record<string, unknown>> = { ...this.configuration };
    const other = Object.entries(settings).find(([name, value]) => !isDeepStrictEqual(value, own[name]));
    if (other === undefined) return;
    throw new KeelError('invalidInput', `the ${other[0]} of a thread of a fleet can’t be changed from here`);
  }

  #emit(events: Iterable<SessionEvent>): void {
    for (const event of events) {
      this.#hub.emit(event);
      if (event.type === 'turn.started') this.#emit(this.#own.started(event.turnId));
    }
  }

  async #input(input: FleetInput): Promise<void> {
    await this.#api.input(input, this.#stop.signal);
  }

  #refused(error: unknown, op: Op, id: string): void {
    if (this.#stop.signal.aborted) return;
    this.#hub.emit({ type: 'error', turnId: null, error: toKeelError(error).toInfo(), willRetry: false });
    if (op.type === 'userInput') this.#hub.emit({ type: 'submissions.dropped', turnId: id, ids: [id] });
  }

  /** The workers can't read the files of this machine. */
  async #withPicture(item: UserInput): Promise<UserInput> {
    if (item.type !== 'localImage') return item;
    const part = await imageInputPart(resolve(this.configuration.cwd, item.path));
    return part.type === 'input_image' ? { type: 'image', url: part.image_url } : { type: 'text', text: part.text };
  }

  async #followLive(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const sent of this.#api.live(signal)) {
          if (sent.type === 'attached') {
            this.#shown.attached();
            this.#isAttached = true;
            await this.#catchUp();
          } else if (sent.type === 'detached') this.#isAttached = false;
          else this.#noteLive(sent.event);
        }
      } catch (error) {
        // The connection is lost, or nobody answers: what happens meanwhile is read from the record.
        this.#endIfRefused(error);
      }
      this.#isAttached = false;
      await pause(LOOK_MS, signal);
    }
  }

  #noteLive(event: SessionEvent): void {
    // The fleet decides what becomes of a message that a turn has not taken: its state says so.
    if (event.type === 'submissions.dropped') return;
    if (event.type === 'thread.closed') this.#isAttached = false;
    if (event.type === 'approval.requested') return this.#ask(event);
    if (event.type === 'approval.resolved') this.#questions.delete(event.questionId);
    this.#emit(this.#shown.live(event));
  }

  async #followRecord(): Promise<void> {
    const { signal } = this.#stop;
    await this.caughtUp;
    while (!signal.aborted) {
      await pause(LOOK_MS, signal);
      if (!this.#isAttached || this.#own.isWaiting) await this.#catchUp();
    }
  }

  /** Shows what was recorded meanwhile, and the questions with which the thread waits. */
  async #catchUp(): Promise<void> {
    try {
      const state = await this.#look();
      const { current } = state;
      const seen = JSON.stringify(state);
      // A thread in which nothing runs writes nothing.
      if (seen === this.#caughtUp && current?.phase !== 'running' && !this.#own.isWaiting) return;
      const { turns } = await this.#api.recorded(this.#stop.signal);
      for (const turn of turns) this.#emit(this.#shown.missing(turn));
      this.#emit(this.#own.ended(state.ended, true));
      this.#caughtUp = seen;
      if (current?.phase !== 'parked') return;
      const { threadId } = this;
      for (const question of current.questions) {
        const request = questionOf(question, this.configuration.cwd);
        this.#ask({ type: 'approval.requested', turnId: current.turnId, threadId, request });
      }
    } catch (error) {
      // Nobody answers now: the next look comes soon.
      this.#endIfRefused(error);
    }
  }

  /** The token counts no more, or the thread is gone: nothing of it will be seen here again, which is said once. */
  #endIfRefused(error: unknown): void {
    const isRefused = error instanceof KeelError && REFUSALS.has(error.kind);
    if (!isRefused || this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#hub.emit({ type: 'error', turnId: null, error: error.toInfo(), willRetry: false });
    this.#endEvents();
  }

  #endEvents(): void {
    this.#hub.emit({ type: 'thread.closed', threadId: this.threadId });
    this.#hub.close();
  }

  async #look(): Promise<FleetState> {
    const state = await this.#api.state(this.#stop.signal);
    this.#emit(this.#own.ended(state.ended, false));
    return state;
  }

  /** Shows a question that is new to this client. */
  #ask(event: Question): void {
    const { questionId } = event.request;
    if (this.#questions.has(questionId)) return;
    this.#questions.set(questionId, event);
    this.#hub.emit(event);
  }
}

type Question = SessionEventOf<'approval.requested'>;

interface Opened {
  readonly api: FleetApi;
  readonly configuration: LiveThread['configuration'];
  readonly turns: Awaited<ReturnType<FleetApi['recorded']>>['turns'];
}

/** The settings that the workers used last; nothing is known of a thread that has asked no model yet. */
function settingsIn(context: Awaited<ReturnType<FleetApi['recorded']>>['context']) {
  if (context === null) return {};
  const { model, effort = null, approval_policy: approvalPolicy, sandbox_policy: sandboxPolicy } = context;
  return { model, effort, approvalPolicy, sandboxPolicy };
}

/** The fleet takes an id of letters, digits, `-` and `_`. */
function submissionId(id: string): string {
  return id.replaceAll(/[^\w-]/g, '-').slice(0, 100);
}

/** A message for the turn that runs. */
function steerOf(items: readonly UserInput[]): FleetInput {
  const text = items.map((item) => (item.type === 'text' ? item.text : '')).join('');
  return { type: 'steer', text, images: items.flatMap((item) => (item.type === 'image' ? [item.url] : [])) };
}

/** A question that waits without a worker. The fleet keeps one line of a call that is too long for its journal. */
function questionOf({ questionId, about, asked, call }: FleetQuestion, cwd: string): ApprovalRequest {
  if (call?.questionId === questionId) return call;
  if (asked !== undefined) return { type: 'questions', questionId, callId: questionId, questions: asked, reason: null };
  const reason = 'It waits for you; the record of the thread has all of it.';
  return {
    ...{ type: 'command', questionId, callId: questionId, command: [about], cwd, commandActions: [] },
    ...{ reason, escalated: false },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
