import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type ApprovalRequest,
  type ErrorKind,
  KeelError,
  type Op,
  type SessionEvent,
  toKeelError,
  type UserInput,
} from '../../foundation/protocol/index.ts';
import { imageInputPart } from '../../models/prompt/index.ts';
import { EventHub, type SessionReport } from '../session/index.ts';
import type { LiveThread } from '../threads/index.ts';
import { type FleetAddress, FleetApi, type FleetArrival, type FleetInput, type FleetState } from './fleet-api.ts';
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
  readonly #questions = new Set<string>();
  /** Messages from here for turns that have not ended yet. */
  readonly #steers: (FleetArrival & { readonly id: string })[] = [];
  /** Ops reach the fleet in their order. */
  #sending: Promise<void> = Promise.resolve();
  readonly #following: Promise<void>;
  #state: FleetState;
  #isAttached = false;
  /** The state up to which the record has been shown, as JSON; empty: none. */
  #caughtUp = '';

  private constructor(address: FleetAddress, opened: Opened) {
    const { api, state, configuration, turns } = opened;
    this.threadId = address.threadId;
    this.configuration = configuration;
    this.#api = api;
    this.#state = state;
    const { model, effort, cwd } = configuration;
    const { threadId } = this;
    // A turn that is open is shown by its events.
    const ended = turns.filter(({ status }) => status !== 'inProgress');
    this.#hub.emit({ type: 'thread.started', threadId, model, effort, cwd, rolloutPath: null, turns: [...ended] });
    this.#shown.known(ended);
    this.#following = this.#follow();
  }

  /** @throws KeelError `threadNotFound`, `unauthorized`, `httpConnectionFailed` */
  static async open(
    address: FleetAddress,
    settings: LiveThread['configuration'],
    signal: AbortSignal,
  ): Promise<FleetThread> {
    const api = new FleetApi(address);
    const state = await api.state(signal);
    const { turns, context } = await api.recorded(signal);
    const { cwd } = state.place;
    return new FleetThread(address, { api, state, turns, configuration: { ...settings, ...settingsIn(context), cwd } });
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
    this.#hub.emit({ type: 'thread.closed', threadId: this.threadId });
    this.#hub.close();
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
        if ((await this.#look()).current !== null) {
          const arrival = await this.#api.input(steerOf(sent.items), this.#stop.signal);
          if (arrival !== null) this.#steers.push({ ...arrival, id });
          return;
        }
        await this.#api.submit(sent, submissionId(id), this.#stop.signal);
        return;
      }
      case 'compact':
      case 'review':
      case 'undo':
        await this.#api.submit(op, submissionId(id), this.#stop.signal);
        return;
      case 'approval':
        this.#questions.delete(op.questionId);
        return this.#input({ type: 'answer', questionId: op.questionId, decision: op.decision });
      case 'interrupt':
        return this.#input({ type: 'interrupt' });
      case 'addToHistory':
      case 'getHistoryEntry':
        return;
      case 'userTurn':
      case 'overrideTurnContext':
      case 'userShell':
      case 'rollback':
      case 'shutdown':
        throw new KeelError('invalidInput', 'this can’t be done in a thread of a fleet from here');
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

  async #follow(): Promise<void> {
    await Promise.all([this.#followLive(), this.#followRecord()]);
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
    if (event.type === 'approval.requested' && !this.#asks(event.request.questionId)) return;
    if (event.type === 'approval.resolved') this.#questions.delete(event.questionId);
    for (const shown of this.#shown.live(event)) this.#hub.emit(shown);
  }

  async #followRecord(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      if (!this.#isAttached) await this.#catchUp();
      await pause(LOOK_MS, signal);
    }
  }

  /** Shows what was recorded meanwhile, and the questions with which the thread waits. */
  async #catchUp(): Promise<void> {
    try {
      const state = await this.#look();
      const { current } = state;
      const seen = JSON.stringify(state);
      // A thread in which nothing runs writes nothing.
      if (seen === this.#caughtUp && current?.phase !== 'running') return;
      const { turns } = await this.#api.recorded(this.#stop.signal);
      for (const turn of turns) for (const event of this.#shown.missing(turn)) this.#hub.emit(event);
      this.#caughtUp = seen;
      if (current?.phase !== 'parked') return;
      for (const { questionId, about } of current.questions) {
        if (!this.#asks(questionId)) continue;
        const request = questionOf(questionId, about, this.configuration.cwd);
        this.#hub.emit({ type: 'approval.requested', turnId: current.turnId, threadId: this.threadId, request });
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
  }

  async #look(): Promise<FleetState> {
    this.#state = await this.#api.state(this.#stop.signal);
    this.#noteDropped(this.#state);
    return this.#state;
  }

  /** Reports messages from here that have reached no conversation, when their turn has ended. */
  #noteDropped({ ended }: FleetState): void {
    for (const { turnId, dropped } of ended) {
      const sent = this.#steers.filter((steer) => steer.turnId === turnId);
      for (const steer of sent) this.#steers.splice(this.#steers.indexOf(steer), 1);
      const ids = sent.filter(({ at }) => dropped.includes(at)).map(({ id }) => id);
      if (ids.length > 0) this.#hub.emit({ type: 'submissions.dropped', turnId, ids });
    }
  }

  /** @returns whether the question is new to this client */
  #asks(questionId: string): boolean {
    if (this.#questions.has(questionId)) return false;
    this.#questions.add(questionId);
    return true;
  }
}

interface Opened {
  readonly api: FleetApi;
  readonly state: FleetState;
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

/** The fleet keeps one line of a question that waits without a worker. */
function questionOf(questionId: string, about: string, cwd: string): ApprovalRequest {
  const reason = 'It waits for you; the record of the thread has all of it.';
  return {
    ...{ type: 'command', questionId, callId: questionId, command: [about], cwd, commandActions: [] },
    ...{ reason, escalated: false },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
