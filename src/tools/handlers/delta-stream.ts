import { cutBytesEnd } from '../../util/index.ts';
import type { TurnEvents } from '../types.ts';

const FLUSH_MS = 40;
const MAX_DELTA_BYTES = 8_192;
/** After this much live text of one command the item's final output has to do. */
const MAX_LIVE_BYTES = 2 * 1024 * 1024;

/** Live output of a command, gathered into few and bounded deltas. */
export class DeltaStream {
  readonly #events: TurnEvents;
  readonly #itemId: string;
  #pending = '';
  #told = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(events: TurnEvents, itemId: string) {
    this.#events = events;
    this.#itemId = itemId;
  }

  push(text: string): void {
    if (this.#told >= MAX_LIVE_BYTES) return;
    this.#told += text.length;
    this.#pending += text;
    if (this.#pending.length >= MAX_DELTA_BYTES) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  /** Tells what is pending; call it before the item is completed. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    while (this.#pending !== '') {
      const delta = cutBytesEnd(this.#pending, MAX_DELTA_BYTES);
      this.#pending = this.#pending.slice(delta.length);
      this.#events.delta({ itemId: this.#itemId, part: 'commandOutput', delta });
    }
  }
}
