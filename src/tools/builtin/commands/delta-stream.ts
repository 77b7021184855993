import { byteLength, cutBytesEnd } from '../../../foundation/util/index.ts';
import type { TurnEvents } from '../../contract/index.ts';

const FLUSH_MS = 40;
const MAX_DELTA_BYTES = 8_192;
/** Limit for pending text: a flood is shown in part while it runs; the file and the final output have it whole. */
const MAX_PENDING_LENGTH = 8 * MAX_DELTA_BYTES;
/** Limit for the deltas of one item; after it only the final output is shown. */
const MAX_DELTAS = 10_000;

/** Live output of a command, collected into few deltas of limited size. */
export class DeltaStream {
  readonly #events: TurnEvents;
  readonly #itemId: string;
  #pending = '';
  #skippedBytes = 0;
  #emitted = 0;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(events: TurnEvents, itemId: string) {
    this.#events = events;
    this.#itemId = itemId;
  }

  push(text: string): void {
    if (this.#isClosed || this.#emitted >= MAX_DELTAS) return;
    if (this.#pending.length >= MAX_PENDING_LENGTH) this.#skippedBytes += byteLength(text);
    else this.#pending += text;
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Emits what is pending, and nothing after that. Call it before the item is completed. */
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
      this.#emitted += 1;
      this.#events.delta({ itemId: this.#itemId, part: 'commandOutput', delta });
    }
  }
}
