import type { ResponseItem } from '../../protocol/index.ts';
import { GrowingBytes } from '../growing-bytes.ts';
import { FreeformOutputs } from './freeform-outputs.ts';
import { itemJson, type SentFormOptions } from './sent-form.ts';

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
  #bytes = new GrowingBytes();

  constructor(options: SentFormOptions) {
    this.#options = options;
  }

  /** What is given out is never written to again. `isFreeform`: see `freeformOutputs`. */
  of(input: readonly ResponseItem[], isFreeform: boolean): Uint8Array {
    if (isFreeform !== this.#isFreeform || !this.#isPrefixOf(input)) this.#reset(isFreeform);
    const added: string[] = this.#bytes.length === 0 ? [] : [''];
    for (let at = this.#items.length; at < input.length; at += 1) {
      const item = input[at];
      if (item === undefined) break;
      this.#items.push(item);
      const json = itemJson(isFreeform ? this.#outputs.next(item) : item, this.#options);
      if (json !== null) added.push(json);
    }
    this.#bytes.append(added.join(','));
    return this.#bytes.slice(0, this.#bytes.length);
  }

  /** By identity: a history keeps its item objects. */
  #isPrefixOf(input: readonly ResponseItem[]): boolean {
    if (this.#items.length > input.length) return false;
    for (let at = 0; at < this.#items.length; at += 1) if (this.#items[at] !== input[at]) return false;
    return true;
  }

  #reset(isFreeform: boolean): void {
    this.#isFreeform = isFreeform;
    this.#outputs = new FreeformOutputs();
    this.#items = [];
    // A request that is still being sent keeps the old ones.
    this.#bytes = new GrowingBytes();
  }
}
