import { createParser } from 'eventsource-parser';

/** Far above any real event: one item is a few MiB at most. Beyond it the stream is taken for broken. */
const MAX_EVENT_CHARS = 64 * 1024 * 1024;

/** One server-sent event. Its name matters only where it marks an error; ids and comments do not matter. */
export interface SseEvent {
  readonly event?: string | undefined;
  readonly data: string;
}

/** Cuts a server-sent event stream into its events. */
export class SseReader {
  #events: SseEvent[] = [];
  #error: Error | null = null;
  readonly #parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    onEvent: (event) => this.#events.push(event),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') this.#error = error;
      else if (error.type === 'unknown-field') this.#stray(error.line ?? '');
    },
  });

  /** Events that this chunk completed. Throws for an event beyond any measure. */
  feed(chunk: string): readonly SseEvent[] {
    this.#parser.feed(chunk);
    if (this.#error !== null) throw this.#error;
    const events = this.#events;
    if (events.length > 0) this.#events = [];
    return events;
  }

  /** The stream has ended: a last event whose closing blank line was not sent. */
  end(): readonly SseEvent[] {
    return this.feed('\n\n');
  }

  /** llama.cpp ends a broken stream with a line `error: {…}`; others write the error as bare JSON. Neither is a field. */
  #stray(line: string): void {
    const data = line.replace(/^error:/, '').trim();
    if (data !== line.trim() || data.startsWith('{')) this.#events.push({ event: 'error', data });
  }
}
