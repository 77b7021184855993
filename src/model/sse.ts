import { createParser } from 'eventsource-parser';

/** Far above any real event: one item is a few MiB at most. Beyond it the stream is taken for broken. */
const MAX_EVENT_CHARS = 64 * 1024 * 1024;

/** Cuts a server-sent event stream into the data of its events. Event names, ids and comments have no meaning here. */
export class SseReader {
  #data: string[] = [];
  #error: Error | null = null;
  readonly #parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    onEvent: (event) => this.#data.push(event.data),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') this.#error = error;
    },
  });

  /** Data of the events that this chunk completed. Throws for an event beyond any measure. */
  feed(chunk: string): readonly string[] {
    this.#parser.feed(chunk);
    if (this.#error !== null) throw this.#error;
    const data = this.#data;
    if (data.length > 0) this.#data = [];
    return data;
  }

  /** The stream has ended: data of a last event whose closing blank line was not sent. */
  end(): readonly string[] {
    return this.feed('\n\n');
  }
}
