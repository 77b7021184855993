import type { ServerResponse } from 'node:http';
import type { Framing, Json } from './script.ts';
import type { WireForm } from './wires/form.ts';

/** Writes events with back-pressure, numbered for the providers that number theirs. */
export class EventStream {
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

  /** Sends bytes as they are. Returns at once when the client has gone. */
  async bytes(bytes: Uint8Array): Promise<void> {
    const sizes = this.#framing.pieces ?? [];
    for (let at = 0; at < bytes.length; ) {
      const size = sizes[this.#pieceCount % sizes.length] ?? bytes.length;
      this.#pieceCount += 1;
      await this.#write(bytes.subarray(at, at + size));
      at += size;
    }
  }

  /** Waits until everything sent has been handed to the system: a reset would take it away. */
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
