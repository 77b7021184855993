import type { SessionEvent, ThreadItem, Turn } from '../../../foundation/protocol/index.ts';

/**
 * The ids of the items of a thread. Models repeat call ids, and the items of a child are shown in its parent's thread under
 * the child's ids: a repeated id gets a number appended, so that it names one item of the whole thread.
 */
export class ItemIds {
  /** How often each id was taken. */
  readonly #counts = new Map<string, number>();

  /** Ids that earlier turns have used. */
  taken(turns: readonly Turn[]): void {
    for (const { items } of turns) for (const { id } of items) this.take(id);
  }

  /** @returns the id of an item that has this one */
  take(id: string): string {
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    // The id with the number may be taken too.
    return count === 1 ? id : this.take(`${id}#${count}`);
  }
}

/** Gives the items of one turn their ids in the thread. An id that two items have means the newer one. */
export class TurnItemIds {
  readonly #ids: ItemIds;
  readonly #names = new Map<string, string>();

  constructor(ids: ItemIds) {
    this.#ids = ids;
  }

  /** The same event with the ids of the thread. */
  named(event: SessionEvent): SessionEvent {
    switch (event.type) {
      case 'item.started':
        this.#names.set(event.item.id, this.#ids.take(event.item.id));
        return this.#withItem(event, event.item);
      case 'item.updated':
      case 'item.completed':
        return this.#withItem(event, event.item);
      case 'item.delta':
        return { ...event, itemId: this.#names.get(event.itemId) ?? event.itemId };
      default:
        return event;
    }
  }

  #withItem<E extends SessionEvent>(event: E, item: ThreadItem): E {
    const id = this.#names.get(item.id) ?? item.id;
    return id === item.id ? event : { ...event, item: { ...item, id } };
  }
}
