import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import { GrowingBytes, SendableCalls } from '../index.ts';
import { FreeformOutputs } from './freeform-outputs.ts';
import { itemJson, type SentFormOptions } from './sent-form.ts';

/** The items of an input as they are sent, joined by commas, in UTF-8. */
export class InputBytes {
  readonly #options: SentFormOptions;
  readonly #calls: SendableCalls;
  readonly #outputs: FreeformOutputs | null;
  readonly #bytes = new GrowingBytes();
  /** Where each item ends. */
  readonly #ends: number[] = [];

  /** `isFreeform`: see `freeformOutputs`. */
  constructor(options: SentFormOptions, isFreeform: boolean) {
    this.#options = options;
    this.#calls = new SendableCalls(options.quirks?.callIds === 'nine' ? 'nine' : 'word');
    this.#outputs = isFreeform ? new FreeformOutputs() : null;
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /** The items from this one on. */
  bytesFrom(item: number): Uint8Array {
    const start = this.#ends[item - 1] ?? 0;
    const isWithin = start > 0 && start < this.#bytes.length;
    return this.#bytes.slice(isWithin ? start + 1 : start); // without the comma
  }

  add(item: ResponseItem): void {
    const sendable = this.#calls.next(this.#outputs === null ? item : this.#outputs.next(item));
    const json = sendable === null ? null : itemJson(sendable, this.#options);
    if (json !== null) this.#bytes.append(this.#bytes.length === 0 ? json : `,${json}`);
    this.#ends.push(this.#bytes.length);
  }
}
