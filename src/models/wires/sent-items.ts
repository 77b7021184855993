import type { ResponseItem } from '../../foundation/protocol/index.ts';

/** What is written of an input, item by item. */
interface Written {
  add(item: ResponseItem): void;
}

/**
 * Keeps what was written for a thread. A request extends the one before, so usually only a few items are new and the work for a
 * request does not grow with the thread. Where the input starts differently (after a compaction, or when items were left out),
 * all of it is written again. Items are compared by identity: a history keeps its item objects, and never changes them.
 */
export class SentItems<T extends Written> {
  readonly #start: () => T;
  #items: ResponseItem[] = [];
  #written: T;

  /** @param start makes what is written for an empty input */
  constructor(start: () => T) {
    this.#start = start;
    this.#written = start();
  }

  /** What is written for this input, until the next call. */
  of(input: readonly ResponseItem[]): T {
    if (this.#items.length > input.length || this.#items.some((item, at) => item !== input[at])) {
      this.#items = [];
      this.#written = this.#start();
    }
    for (const item of input.slice(this.#items.length)) {
      this.#items.push(item);
      this.#written.add(item);
    }
    return this.#written;
  }
}
