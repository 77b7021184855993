import { byteLength, cutBytesEnd } from '../../../foundation/util/index.ts';
import type { TurnEvents } from '../../contract/index.ts';

const FLUSH_MS = 40;
const MAX_DELTA_BYTES = 8_192;
/** What is told at a time: a flood is shown in part, live, and whole in the file and at the end. */
const MAX_PENDING_LENGTH = 8 * MAX_DELTA_BYTES;
/** After so many the item's final output has to do. */
const MAX_DELTAS = 10_000;

/** Live output of a command, gathered into few and bounded deltas. */
export class DeltaStream {
  readonly #events: TurnEvents;
  readonly #itemId: string;
  #pending = '';
  #skippedBytes = 0;
  #told = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(events: TurnEvents, itemId: string) {
    this.#events = events;
    this.#itemId = itemId;
  }

  push(text: string): void {
    if (this.#isClosed || this.#told >= MAX_DELTAS) return;
    if (this.#pending.length >= MAX_PENDING_LENGTH) this.#skippedBytes += byteLength(text);
    else this.#pending += text;
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Tells what is pending, and nothing more after that: to be called before the item is completed. */
  close(): void {
    this.#flush();
    this.#isClosed = true;
  }

  #flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#skippedBytes > 0) this.#pending += `\n[... ${this.#skippedBytes} bytes not shown live ...]\n`;
    this.#skippedBytes = 0;
    while (this.#pending !== '') {
      const delta = cutBytesEnd(this.#pending, MAX_DELTA_BYTES);
      this.#pending = this.#pending.slice(delta.length);
      this.#told += 1;
      this.#events.delta({ itemId: this.#itemId, part: 'commandOutput', delta });
    }
  }
}
