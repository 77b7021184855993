import type { SessionEvent, SessionEventOf, TaskKind, ThreadItem, Turn } from '../../../foundation/protocol/index.ts';

/** Of a running command's output, this much is kept until the item has it, UTF-16 units. */
const MAX_LIVE_OUTPUT_CHARS = 256 * 1024;

/** A turn as people see it. Times are Unix milliseconds; null: before this process, or not yet. */
export interface ViewedTurn extends Turn {
  /** Null for turns that were read back. */
  readonly taskKind: TaskKind | null;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
}

/**
 * The state of a live thread, put together from its events: what somebody who joins late is shown first. Items that are not
 * completed have the text that came so far.
 */
export class ThreadView {
  readonly #now: () => number;
  #turns: ViewedTurn[] = [];
  #running: ViewedTurn | null = null;
  /** Items of the running turn, by id, in the order of their starts. */
  #items = new Map<string, ThreadItem>();
  readonly #questions = new Map<string, SessionEventOf<'approval.requested'>>();
  #usage: SessionEventOf<'usage.updated'> | null = null;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** All turns, oldest first. The last one may be running. */
  get turns(): readonly ViewedTurn[] {
    const running = this.running;
    return running === null ? this.#turns : [...this.#turns, running];
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** The turn that runs, as it is now. */
  get running(): ViewedTurn | null {
    return this.#running === null ? null : { ...this.#running, items: [...this.#items.values()] };
  }

  /** An item of the running turn. */
  itemInWork(id: string): ThreadItem | null {
    return this.#items.get(id) ?? null;
  }

  /** Questions that wait for an answer, oldest first. */
  get questions(): readonly SessionEventOf<'approval.requested'>[] {
    return [...this.#questions.values()];
  }

  /** Null before the first response of this process. */
  get usage(): SessionEventOf<'usage.updated'> | null {
    return this.#usage;
  }

  apply(event: SessionEvent): void {
    switch (event.type) {
      case 'thread.started':
      case 'thread.rolledBack':
        this.#turns = event.turns.map((turn) => ({ ...turn, taskKind: null, startedAt: null, completedAt: null }));
        return;
      case 'turn.started':
        return this.#start(event);
      case 'turn.completed':
        return this.#complete(event);
      case 'item.started':
      case 'item.updated':
      case 'item.completed':
        this.#items.set(event.item.id, event.item);
        return;
      case 'item.delta': {
        const item = this.#items.get(event.itemId);
        if (item) this.#items.set(event.itemId, withDelta(item, event));
        return;
      }
      case 'approval.requested':
        this.#questions.set(event.request.questionId, event);
        return;
      case 'approval.resolved':
        this.#questions.delete(event.questionId);
        return;
      case 'usage.updated':
        this.#usage = event;
        return;
      default:
      // Other events change nothing that a late reader has to know.
    }
  }

  #start({ turnId, taskKind }: SessionEventOf<'turn.started'>): void {
    // A turn that continues after a crash is among those read back.
    this.#turns = this.#turns.filter(({ id }) => id !== turnId);
    this.#items = new Map();
    this.#running = {
      id: turnId,
      status: 'inProgress',
      error: null,
      items: [],
      taskKind,
      startedAt: this.#now(),
      completedAt: null,
    };
  }

  #complete({ turnId, status, error }: SessionEventOf<'turn.completed'>): void {
    const { running } = this;
    if (running?.id === turnId) this.#turns.push({ ...running, status, error, completedAt: this.#now() });
    this.#running = null;
    this.#items = new Map();
    this.#questions.clear();
  }
}

function withDelta(item: ThreadItem, { part, index = 0, delta }: SessionEventOf<'item.delta'>): ThreadItem {
  switch (item.type) {
    case 'agentMessage':
      return { ...item, text: item.text + delta };
    case 'reasoning':
      return part === 'reasoningSummary'
        ? { ...item, summary: withPart(item.summary, index, delta) }
        : { ...item, content: withPart(item.content, index, delta) };
    case 'commandExecution':
      return { ...item, aggregatedOutput: ((item.aggregatedOutput ?? '') + delta).slice(-MAX_LIVE_OUTPUT_CHARS) };
    default:
      return item;
  }
}

function withPart(parts: readonly string[], index: number, delta: string): string[] {
  return Array.from({ length: Math.max(parts.length, index + 1) }, (_, at) => {
    const text = parts[at] ?? '';
    return at === index ? text + delta : text;
  });
}
