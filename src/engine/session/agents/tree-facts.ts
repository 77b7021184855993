import { type FactsPlace, ThreadFacts } from '../../../context/history/index.ts';
import type { ResponseItem, TurnWork } from '../../../foundation/protocol/index.ts';

/**
 * Changes that a session and all its subagents made to files, in their order. They are known while the session lives and are
 * not rebuilt: whoever decides by them records the decision.
 */
export class TreeFacts {
  readonly #facts = new ThreadFacts();
  readonly #above: TreeFacts | null;

  /** `above`: those of the session that this one is a subagent of. */
  constructor(above: TreeFacts | null) {
    this.#above = above;
  }

  /** `threadId`: the thread that recorded the item. Two threads can use the same call id. */
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

  workSince(place: FactsPlace): TurnWork | null {
    return this.#facts.workSince(place);
  }
}
