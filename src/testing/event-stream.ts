import type { ServerResponse } from 'node:http';
import type { Framing, Json } from './script.ts';
import type { WireForm } from './wires/form.ts';

/** Where a response goes: the body of an HTTP answer, or messages of a WebSocket. */
export interface Outlet {
  /** An answer that is no stream. */
  refuse(status: number, headers: Readonly<Record<string, string>>, body: string): void;
  /** The stream starts, with these headers where there are any. */
  begin(headers: Readonly<Record<string, string>>): EventSink;
  /** The response has ended as it should. */
  end(): void;
  /** The connection ends in the middle of it. */
  cut(): void;
  reset(): void;
}

export interface EventSink {
  event(event: Json): Promise<void>;
  /** Sends bytes as they are. Returns at once when the client has gone. */
  bytes(bytes: Uint8Array): Promise<void>;
  /** Waits until everything sent has been handed to the system: a reset would take it away. */
  handedOver(): Promise<void>;
}

/** An HTTP answer. */
export class HttpOutlet implements Outlet {
  readonly #http: ServerResponse;
  readonly #wire: WireForm;
  readonly #framing: Framing;

  constructor(http: ServerResponse, wire: WireForm, framing: Framing) {
    this.#http = http;
    this.#wire = wire;
    this.#framing = framing;
  }

  refuse(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    this.#http.writeHead(status, { 'content-type': 'application/json', ...headers });
    this.#http.end(body);
  }

  begin(headers: Readonly<Record<string, string>>): EventSink {
    const stream = new EventStream(this.#http, this.#wire, this.#framing);
    this.#http.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
    this.#http.flushHeaders();
    return stream;
  }

  end(): void {
    this.#http.end();
  }

  cut(): void {
    this.#http.end();
  }

  reset(): void {
    this.#http.socket?.resetAndDestroy();
  }
}

/** Writes events with back-pressure, numbered for the providers that number theirs. */
class EventStream implements EventSink {
  readonly #http: ServerResponse;
  readonly #wire: WireForm;
  readonly #framing: Framing;
  #sequence = 0;
  #pieceCount = 0;

  constructor(http: ServerResponse, wire: WireForm, framing: Framing) {
    if (framing.pieces?.some((size) => !(size >= 1))) throw new RangeError('pieces have 1 byte or more');
    this.#http = http;
    this.#wire = wire;
    this.#framing = framing;
  }

  async event(event: Json): Promise<void> {
    const { crlf = false, bom = false, eventNames = true } = this.#framing;
    const mark = bom && this.#sequence === 0 ? '\ufeff' : '';
    const { name, data } = this.#wire.frame(event, this.#sequence);
    this.#sequence += 1;
    const newline = crlf ? '\r\n' : '\n';
    const line = eventNames && name !== null ? `event: ${name}${newline}` : '';
    await this.bytes(Buffer.from(`${mark}${line}data: ${data}${newline}${newline}`, 'utf8'));
  }

  async bytes(bytes: Uint8Array): Promise<void> {
    const sizes = this.#framing.pieces ?? [];
    for (let at = 0; at < bytes.length; ) {
      const size = sizes[this.#pieceCount % sizes.length] ?? bytes.length;
      this.#pieceCount += 1;
      await this.#write(bytes.subarray(at, at + size));
      at += size;
    }
  }

  async handedOver(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.write('', () => resolve()));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    if (this.#http.destroyed || this.#http.write(bytes)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#http.once('drain', resolve).once('close', resolve);
    await promise;
    this.#http.off('drain', resolve).off('close', resolve);
  }
}
