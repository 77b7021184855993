import type { SessionEvent, SessionEventOf } from '../../foundation/protocol/index.ts';
import { Deferred } from '../../foundation/util/index.ts';

/** Events that wait for one reader before it loses some. */
const MAX_QUEUED_EVENTS = 8_192;

export interface ReaderOptions {
  /** Whether to get text as it comes in; the completed items have it all. Default true. */
  readonly deltas?: boolean;
  /** Whether to begin with the questions that wait for an answer, for a reader that comes later than they did. Default false. */
  readonly openQuestions?: boolean;
}

/**
 * Hands every event to every reader, each at its own pace. A reader that lags is bounded: it loses events (live deltas
 * first, then the oldest) and learns how many; no reader delays the session or another reader.
 */
export class EventHub {
  readonly #readers = new Set<EventReader>();
  readonly #maxQueued: number;
  /** Repeated to each new reader, so that `thread.started` is the first event of every one. */
  #opening: SessionEventOf<'thread.started'> | null = null;
  /** Questions that wait for an answer, by their ids. */
  readonly #questions = new Map<string, SessionEventOf<'approval.requested'>>();
  #closed = false;

  constructor(maxQueued: number = MAX_QUEUED_EVENTS) {
    this.#maxQueued = maxQueued;
  }

  emit(event: SessionEvent): void {
    if (this.#closed) return;
    if (event.type === 'thread.started') this.#opening = event;
    if (event.type === 'approval.requested') this.#questions.set(event.request.questionId, event);
    if (event.type === 'approval.resolved') this.#questions.delete(event.questionId);
    if (event.type === 'turn.completed') this.#questions.clear();
    if (event.type === 'thread.rolledBack' && this.#opening) this.#opening = { ...this.#opening, turns: event.turns };
    for (const reader of this.#readers) reader.push(event);
  }

  /** Follows events from now on, `thread.started` first. Leaving the loop ends that. */
  subscribe({ deltas = true, openQuestions = false }: ReaderOptions = {}): AsyncIterableIterator<SessionEvent> {
    const reader = new EventReader(this.#maxQueued, deltas, () => this.#readers.delete(reader));
    if (this.#opening) reader.push(this.#opening);
    if (openQuestions) for (const question of this.#questions.values()) reader.push(question);
    if (this.#closed) reader.end();
    else this.#readers.add(reader);
    return reader;
  }

  /** Ends the stream of every reader after what it has queued. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.end();
    this.#readers.clear();
  }
}

class EventReader implements AsyncIterableIterator<SessionEvent> {
  #queue: SessionEvent[] = [];
  #waiting: Deferred<void> | null = null;
  #dropped = 0;
  #ended = false;
  readonly #maxQueued: number;
  readonly #onReturn: () => void;
  readonly #deltas: boolean;

  constructor(maxQueued: number, deltas: boolean, onReturn: () => void) {
    this.#maxQueued = maxQueued;
    this.#deltas = deltas;
    this.#onReturn = onReturn;
  }

  push(event: SessionEvent): void {
    if (event.type === 'item.delta' && !this.#deltas) return;
    if (this.#queue.length >= this.#maxQueued) this.#makeRoom();
    this.#queue.push(event);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async next(): Promise<IteratorResult<SessionEvent>> {
    while (this.#queue.length === 0 && this.#dropped === 0 && !this.#ended) {
      // Several calls may wait for the first event.
      this.#waiting ??= new Deferred<void>();
      await this.#waiting.promise;
    }
    if (this.#dropped > 0) {
      const value: SessionEvent = { type: 'events.lost', dropped: this.#dropped };
      this.#dropped = 0;
      return { done: false, value };
    }
    const value = this.#queue.shift();
    return value === undefined ? { done: true, value: undefined } : { done: false, value };
  }

  return(): Promise<IteratorResult<SessionEvent>> {
    this.#queue = [];
    this.#onReturn();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #makeRoom(): void {
    const before = this.#queue.length;
    this.#queue = this.#queue.filter((event) => event.type !== 'item.delta');
    if (this.#queue.length === before) this.#queue.splice(0, Math.ceil(before / 4));
    this.#dropped += before - this.#queue.length;
  }

  #wake(): void {
    this.#waiting?.resolve();
    this.#waiting = null;
  }
}
