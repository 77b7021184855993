import type { ResponseItem } from '../../protocol/index.ts';
import { FreeformOutputs } from './freeform-outputs.ts';
import { itemJson, type SentFormOptions } from './sent-form.ts';

const FIRST_CAPACITY = 64 * 1024;

/**
 * The items of a thread as they are sent, joined by commas, in bytes. A request extends the one before, so what was
 * written for it stays, and only new items are added: the work does not grow with the thread. Where the beginning differs
 * (a compaction, reasoning of an earlier turn) the rest is written anew.
 */
export class InputBytes {
  readonly #options: SentFormOptions;
  #isFreeform = false;
  #outputs = new FreeformOutputs();
  #items: ResponseItem[] = [];
  #buffer = Buffer.alloc(0);
  #used = 0;

  constructor(options: SentFormOptions) {
    this.#options = options;
  }

  /** What is given out is never written to again. `isFreeform`: see `freeformOutputs`. */
  of(input: readonly ResponseItem[], isFreeform: boolean): Uint8Array {
    if (isFreeform !== this.#isFreeform || !this.#isPrefixOf(input)) this.#reset(isFreeform);
    const added: string[] = this.#used === 0 ? [] : [''];
    for (let at = this.#items.length; at < input.length; at += 1) {
      const item = input[at];
      if (item === undefined) break;
      this.#items.push(item);
      const json = itemJson(isFreeform ? this.#outputs.next(item) : item, this.#options);
      if (json !== null) added.push(json);
    }
    this.#append(added.join(','));
    return this.#buffer.subarray(0, this.#used);
  }

  /** By identity: a history keeps its item objects. */
  #isPrefixOf(input: readonly ResponseItem[]): boolean {
    if (this.#items.length > input.length) return false;
    for (let at = 0; at < this.#items.length; at += 1) if (this.#items[at] !== input[at]) return false;
    return true;
  }

  #append(text: string): void {
    const needed = this.#used + Buffer.byteLength(text);
    if (needed > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(FIRST_CAPACITY, needed, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#used += this.#buffer.write(text, this.#used);
  }

  #reset(isFreeform: boolean): void {
    this.#isFreeform = isFreeform;
    this.#outputs = new FreeformOutputs();
    this.#items = [];
    // A request that is still being sent keeps the old one.
    this.#buffer = Buffer.alloc(0);
    this.#used = 0;
  }
}
