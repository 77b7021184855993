import { type FactsPlace, ThreadFacts } from '../../../context/history/index.ts';
import type { ResponseItem } from '../../../foundation/protocol/index.ts';

/**
 * What a session and all its subagents did to files, in the order in which it happened. It is known while the session lives
 * and is not rebuilt: whoever decides by it records what it said.
 */
export class TreeFacts {
  readonly #facts = new ThreadFacts();
  readonly #above: TreeFacts | null;

  /** `above`: of the session that this one is a subagent of. */
  constructor(above: TreeFacts | null) {
    this.#above = above;
  }

  /** `threadId`: of the thread that recorded the item. Threads may use the same call ids. */
  note(threadId: string, item: ResponseItem): void {
    const isOfCall = 'call_id' in item && item.call_id;
    this.#facts.note(isOfCall ? { ...item, call_id: `${threadId}/${item.call_id}` } : item);
    this.#above?.note(threadId, item);
  }

  get place(): FactsPlace {
    return this.#facts.place;
  }

  uncheckedSince(place: FactsPlace): readonly string[] {
    return this.#facts.since(place).uncheckedFiles;
  }
}
