import type { SessionEvent, ThreadItem, Turn } from '../../foundation/protocol/index.ts';

/** Items whose start says nothing of what they will be. */
const NAMED_BY_TEXT: readonly ThreadItem['type'][] = ['agentMessage', 'reasoning', 'userMessage'];

/**
 * What a client has been shown of a thread. A worker that continues a turn shows its items again, and the record has them as well:
 * each is passed on once.
 */
export class ShownItems {
  /** By turn, how often an item came to its end. */
  readonly #shown = new Map<string, number>();
  /** The same since the worker was attached that shows them now. */
  #again = new Map<string, number>();
  readonly #started = new Set<string>();
  readonly #ended = new Set<string>();
  /** Items that have started and said nothing yet. */
  readonly #waiting = new Map<string, SessionEvent>();

  /** Another worker shows the thread from here on. */
  attached(): void {
    this.#again = new Map();
    this.#waiting.clear();
  }

  /** Takes turns that are shown by other means. */
  known(turns: readonly Turn[]): void {
    for (const turn of turns) for (const _ of this.missing(turn));
  }

  /** Whether the end of a turn was shown. */
  hasEnded(turnId: string): boolean {
    return this.#ended.has(turnId);
  }

  /** The events of a recorded turn that were not shown. */
  *missing(turn: Turn): Generator<SessionEvent, void, undefined> {
    const { id: turnId, status, error, items } = turn;
    if (this.#ended.has(turnId)) return;
    if (!this.#started.has(turnId)) {
      this.#started.add(turnId);
      yield { type: 'turn.started', turnId, taskKind: 'regular', modelContextWindow: null };
    }
    const inRecord = new Map<string, number>();
    for (const item of items) {
      const key = keyOf(turnId, item);
      if (counted(inRecord, key) <= (this.#shown.get(key) ?? 0)) continue;
      counted(this.#shown, key);
      yield { type: 'item.started', turnId, item };
      yield { type: 'item.completed', turnId, item };
    }
    if (status === 'inProgress') return;
    this.#ended.add(turnId);
    const last = items.findLast((item) => item.type === 'agentMessage');
    const lastAgentMessage = status === 'completed' && last?.type === 'agentMessage' ? last.text : null;
    const abortReason = status === 'interrupted' ? 'interrupted' : null;
    yield { type: 'turn.completed', turnId, status, error, abortReason, lastAgentMessage };
  }

  /** What of a live event is to be shown. */
  live(event: SessionEvent): readonly SessionEvent[] {
    switch (event.type) {
      case 'turn.started':
        return added(this.#started, event.turnId) ? [event] : [];
      case 'turn.completed':
        return added(this.#ended, event.turnId) ? [event] : [];
      case 'item.started':
        if (NAMED_BY_TEXT.includes(event.item.type)) {
          this.#waiting.set(event.item.id, event);
          return [];
        }
        return this.#shown.has(keyOf(event.turnId, event.item)) ? [] : [event];
      case 'item.updated':
        return this.#shown.has(keyOf(event.turnId, event.item)) ? [] : [...this.#start(event.item.id), event];
      case 'item.delta':
        return [...this.#start(event.itemId), event];
      case 'item.completed': {
        const key = keyOf(event.turnId, event.item);
        if (counted(this.#again, key) <= (this.#shown.get(key) ?? 0)) {
          this.#waiting.delete(event.item.id);
          return [];
        }
        counted(this.#shown, key);
        return [...this.#start(event.item.id), event];
      }
      // The thread is open for this client as long as it wants.
      case 'thread.started':
      case 'thread.closed':
        return [];
      default:
        return [event];
    }
  }

  #start(itemId: string): readonly SessionEvent[] {
    const event = this.#waiting.get(itemId);
    this.#waiting.delete(itemId);
    return event === undefined ? [] : [event];
  }
}

/** A message has another id in the record than it had live; what it says is the same. */
function keyOf(turnId: string, item: ThreadItem): string {
  const { id, ...said } = item;
  return JSON.stringify([turnId, item.type, NAMED_BY_TEXT.includes(item.type) ? said : id]);
}

/** @returns how often with this time */
function counted(counts: Map<string, number>, key: string): number {
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}

function added(known: Set<string>, id: string): boolean {
  if (known.has(id)) return false;
  known.add(id);
  return true;
}
