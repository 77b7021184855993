import type { ResponseItem } from '../../foundation/protocol/index.ts';

export interface NewItems {
  readonly items: readonly ResponseItem[];
  /** The input begins otherwise than the one before: `items` are all of it. */
  readonly startsAnew: boolean;
}

/**
 * Remembers what was made of the items of a thread. A request extends the one before, so usually only a few are new; after
 * a compaction, or where something was left out, all are. By identity: a history keeps its item objects.
 */
export class TakenItems {
  #items: ResponseItem[] = [];

  /** Takes the whole input, and gives what of it was not taken before. */
  take(input: readonly ResponseItem[]): NewItems {
    const startsAnew = this.#items.length > input.length || this.#items.some((item, at) => item !== input[at]);
    if (startsAnew) this.#items = [];
    const items = input.slice(this.#items.length);
    for (const item of items) this.#items.push(item);
    return { items, startsAnew };
  }
}
