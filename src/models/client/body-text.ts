import type { Readable } from 'node:stream';
import { Deferred } from '../../foundation/util/index.ts';

/** Text that waits for its reader; with more, the connection is not read for a while, characters. */
const MAX_WAITING_CHARS = 64 * 1024;

/**
 * A body as text, to be read once: each step takes all that has arrived. A stream's own iterator does the same by four
 * callbacks a piece, which costs more than decoding a token does.
 */
export class BodyText implements AsyncIterableIterator<string> {
  readonly #body: Readable;
  #waiting = '';
  #end: { readonly error: Error | null } | null = null;
  #arrived: Deferred<void> | null = null;

  /** @param body with an encoding; it is read from here on. Leaving the loop neither ends nor destroys it. */
  constructor(body: Readable) {
    this.#body = body;
    if (body.destroyed) this.#onEnd(body.errored ?? new Error('closed'));
    body.on('data', this.#onText).on('end', this.#onEnd).on('error', this.#onEnd).on('close', this.#onClose);
  }

  /** @throws what broke the body, once what came before is read */
  async next(): Promise<IteratorResult<string>> {
    while (this.#waiting === '' && this.#end === null) {
      this.#arrived ??= new Deferred<void>();
      await this.#arrived.promise;
    }
    const value = this.#waiting;
    this.#waiting = '';
    if (this.#body.isPaused()) this.#body.resume();
    if (value !== '') return { done: false, value };
    if (this.#end?.error) throw this.#end.error;
    return { done: true, value: undefined };
  }

  return(): Promise<IteratorResult<string>> {
    this.#body.off('data', this.#onText).off('end', this.#onEnd).off('error', this.#onEnd).off('close', this.#onClose);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  readonly #onText = (text: string) => {
    this.#waiting += text;
    if (this.#waiting.length > MAX_WAITING_CHARS) this.#body.pause();
    this.#wake();
  };

  readonly #onEnd = (error: Error | null = null) => {
    this.#end ??= { error };
    this.#wake();
  };

  /** A body that closes before its end was cut. */
  readonly #onClose = () => this.#onEnd(this.#body.errored ?? new Error('closed before its end'));

  #wake(): void {
    this.#arrived?.resolve();
    this.#arrived = null;
  }
}
