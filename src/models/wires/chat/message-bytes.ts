import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import { jsonText } from '../../json/index.ts';
import { GrowingBytes, TakenItems } from '../index.ts';
import type { MessageForm } from './message-parts.ts';
import { MessageList } from './messages.ts';

/**
 * The messages of a thread as they are sent, each behind a comma. What was written stays, so that the work for a request
 * does not grow with the thread; only the newest answer of the model and what follows it are written each time.
 */
export class MessageBytes {
  readonly #form: MessageForm;
  readonly #taken = new TakenItems();
  #list: MessageList;
  #bytes = new GrowingBytes();

  constructor(form: MessageForm) {
    this.#form = form;
    this.#list = new MessageList(form);
  }

  /** What is given out is never written to again. */
  of(input: readonly ResponseItem[]): readonly Uint8Array[] {
    const { items, startsAnew } = this.#taken.take(input);
    if (startsAnew) this.#reset();
    for (const item of items) this.#list.add(item);
    for (const message of this.#list.takeClosed()) this.#bytes.append(`,${jsonText(message)}`);
    const written = this.#bytes.slice(0, this.#bytes.length);
    return [written, ...this.#list.open.map((message) => Buffer.from(`,${jsonText(message)}`))];
  }

  #reset(): void {
    this.#list = new MessageList(this.#form);
    // A request that is still being sent keeps the old ones.
    this.#bytes = new GrowingBytes();
  }
}
