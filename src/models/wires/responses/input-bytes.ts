import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import type { IdForm } from '../index.ts';
import { GrowingBytes, SendableCalls, TakenItems } from '../index.ts';
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
  #calls: SendableCalls;
  #taken = new TakenItems();
  #bytes = new GrowingBytes();

  constructor(options: SentFormOptions) {
    this.#options = options;
    this.#calls = new SendableCalls(idFormOf(options));
  }

  /** What is given out is never written to again. `isFreeform`: see `freeformOutputs`. */
  of(input: readonly ResponseItem[], isFreeform: boolean): Uint8Array {
    if (isFreeform !== this.#isFreeform) {
      this.#isFreeform = isFreeform;
      this.#taken = new TakenItems();
      this.#clear();
    }
    const { items, startsAnew } = this.#taken.take(input);
    if (startsAnew) this.#clear();
    const added: string[] = this.#bytes.length === 0 ? [] : [''];
    for (const item of items) {
      const sendable = this.#calls.next(isFreeform ? this.#outputs.next(item) : item);
      const json = sendable === null ? null : itemJson(sendable, this.#options);
      if (json !== null) added.push(json);
    }
    this.#bytes.append(added.join(','));
    return this.#bytes.slice(0, this.#bytes.length);
  }

  #clear(): void {
    this.#outputs = new FreeformOutputs();
    this.#calls = new SendableCalls(idFormOf(this.#options));
    // A request that is still being sent keeps the old ones.
    this.#bytes = new GrowingBytes();
  }
}

function idFormOf({ quirks }: SentFormOptions): IdForm {
  return quirks?.callIds === 'nine' ? 'nine' : 'word';
}
