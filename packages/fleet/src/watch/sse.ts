import type { ServerResponse } from 'node:http';
import { Patience } from 'keel/session';

/** Bytes that wait for a client before its stream is not fed any more. */
const MAX_WAITING_BYTES = 256 * 1024;
/** How long a client may take nothing before it is cut off, ms. It connects again from where it was. */
const STALLED_MS = 30_000;
/** A comment this often shows both sides that the other one is there, ms. */
const HEARTBEAT_MS = 5_000;
/** Nothing for so long, not even a comment, comes from nobody who lives, ms. */
export const SILENT_MS = 3 * HEARTBEAT_MS;

export interface SseOptions {
  readonly stalledMs?: number;
  readonly heartbeatMs?: number;
}

/** One client's stream of server-sent events. A client that reads slowly costs a bounded buffer, and is cut off when it stalls. */
export class SseStream implements Disposable {
  readonly #response: ServerResponse;
  readonly #stalledMs: number;
  readonly #closed = new AbortController();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(response: ServerResponse, { stalledMs = STALLED_MS, heartbeatMs = HEARTBEAT_MS }: SseOptions = {}) {
    this.#response = response;
    this.#stalledMs = stalledMs;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    response.on('close', () => this.#closed.abort());
    // The client may have left while it was looked up what it may see.
    if (response.destroyed || response.closed) this.#closed.abort();
    this.#heartbeat = setInterval(() => this.#response.writableNeedDrain || this.#response.write(':\n\n'), heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Aborts when the client is gone. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** @param data one line. Resolves when the client may be sent more; a client that stalls is gone then. */
  async send(event: string, data: string, id?: number): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#response.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`);
    if (this.#response.writableLength > MAX_WAITING_BYTES) await this.#drained();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#heartbeat);
    this.#response.end();
  }

  async #drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stalled = setTimeout(() => this.#response.destroy(), this.#stalledMs);
    const resume = () => resolve();
    this.#response.once('drain', resume);
    this.#closed.signal.addEventListener('abort', resume);
    try {
      if (!this.#closed.signal.aborted) await promise;
    } finally {
      clearTimeout(stalled);
      this.#response.off('drain', resume);
      this.#closed.signal.removeEventListener('abort', resume);
    }
  }
}

/** Ends a request when nothing has come of it for `ms`: before its answer, or within it. */
export class SilenceLimit implements Disposable {
  readonly #patience: Patience;

  constructor(ms: number) {
    this.#patience = new Patience(ms);
  }

  /** Aborts when it is silent. */
  get signal(): AbortSignal {
    return this.#patience.signal;
  }

  /** Passes on what comes. */
  async *heard(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of body) {
      // Whoever reads slowly is not taken for silence.
      this.#patience.pause();
      yield chunk;
      this.#patience.refresh();
    }
  }

  /** Waits for work in which nothing need come. */
  async pausedFor(work: Promise<void>): Promise<void> {
    this.#patience.pause();
    await work;
    this.#patience.refresh();
  }

  [Symbol.dispose](): void {
    this.#patience[Symbol.dispose]();
  }
}

export interface SseEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}

/** A longer event is not the fleet's. */
const MAX_EVENT_CHARS = 80 * 1024 * 1024;

/** The events of a stream as `SseStream` writes them. @throws Error for one without an end */
export async function* readSse(body: AsyncIterable<Uint8Array>): AsyncGenerator<SseEvent, void, undefined> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const event = parseEvent(text.slice(0, end));
      text = text.slice(end + 2);
      if (event !== null) yield event;
    }
    if (text.length > MAX_EVENT_CHARS) throw new Error('an event of the stream has no end');
  }
}

/** Null for a comment. */
function parseEvent(text: string): SseEvent | null {
  const fields = new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf(': ');
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 2)] as const];
    }),
  );
  const event = fields.get('event');
  return event === undefined ? null : { event, data: fields.get('data') ?? '', id: fields.get('id') ?? null };
}
