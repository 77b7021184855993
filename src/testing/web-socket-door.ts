import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { EventSink, Outlet } from './event-stream.ts';
import type { formOf } from './play.ts';
import { RecordedRequest } from './recorded-request.ts';
import { isJson, type Json } from './script.ts';

interface Arrival {
  readonly incoming: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
}

type Play = (
  request: RecordedRequest,
  left: AbortSignal,
  outletFor: (form: ReturnType<typeof formOf>) => Outlet,
) => Promise<'done' | 'reset' | 'failed'>;

/** Speaks the Responses API over WebSockets: one request at a time, each of which may continue a response of its connection. */
export class WebSocketDoor {
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: true });

  open({ incoming, socket, head }: Arrival, play: Play): void {
    this.#server.handleUpgrade(incoming, socket, head, (opened) => {
      const line = new ClientLine(opened, socket, incoming, play);
      opened.on('message', (data) => line.take(String(data)));
      opened.on('error', () => undefined); // what a client breaks off is seen by its close
    });
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }
}

/** One connection, with what its responses were about. */
class ClientLine {
  readonly #opened: WebSocket;
  readonly #socket: Socket;
  readonly #incoming: IncomingMessage;
  readonly #play: Play;
  /** The items of each response with those before it, by the response's id. */
  readonly #known = new Map<string, readonly Json[]>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(opened: WebSocket, socket: Socket, incoming: IncomingMessage, play: Play) {
    this.#opened = opened;
    this.#socket = socket;
    this.#incoming = incoming;
    this.#play = play;
  }

  take(text: string): void {
    this.#last = this.#last.then(() => this.#answer(text));
  }

  async #answer(text: string): Promise<void> {
    const arrivedAt = performance.timeOrigin + performance.now();
    const previous = previousIn(text);
    const before = previous === null ? [] : this.#known.get(previous);
    if (before === undefined) {
      const error = { type: 'invalid_request_error', code: 'previous_response_not_found', message: 'it is not known' };
      return this.#opened.send(JSON.stringify({ type: 'error', status: 400, error }));
    }
    const left = new AbortController();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    let isDone = false;
    let isClosedEarly = false;
    const onClose = () => {
      isClosedEarly = !isDone;
      left.abort();
    };
    this.#opened.once('close', onClose);
    const { url = '', headers } = this.#incoming;
    const fields = { method: 'POST', url, headers, text, arrivedAt, closed, transport: 'websocket', before } as const;
    const request = new RecordedRequest({ ...fields, isClosedEarly: () => isClosedEarly });
    const end = () => {
      isDone = true;
    };
    const keep = (id: string, output: readonly Json[]) => this.#known.set(id, [...request.input, ...output]);
    await this.#play(
      request,
      left.signal,
      ({ wire }) => new SocketOutlet(this.#opened, this.#socket, { wire, end, keep }),
    );
    this.#opened.off('close', onClose);
    resolve();
  }
}

interface OutletParts {
  readonly wire: ReturnType<typeof formOf>['wire'];
  /** The server has done its part, whatever it was. */
  readonly end: () => void;
  readonly keep: (id: string, output: readonly Json[]) => void;
}

/** The messages of one response. */
class SocketOutlet implements Outlet, EventSink {
  readonly #opened: WebSocket;
  readonly #socket: Socket;
  readonly #parts: OutletParts;
  #sequence = 0;

  constructor(opened: WebSocket, socket: Socket, parts: OutletParts) {
    this.#opened = opened;
    this.#socket = socket;
    this.#parts = parts;
  }

  refuse(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    this.#parts.end();
    const parsed = parsedObject(body);
    const error = isJson(parsed['error']) ? parsed['error'] : { message: body };
    this.#opened.send(JSON.stringify({ type: 'error', status, error, headers }));
  }

  begin(): EventSink {
    return this;
  }

  async event(event: Json): Promise<void> {
    const { data } = this.#parts.wire.frame(event, this.#sequence);
    this.#sequence += 1;
    const { type, response } = event;
    if (type === 'response.completed' && isJson(response)) {
      const { id, output } = response;
      this.#parts.keep(String(id), Array.isArray(output) ? output.filter(isJson) : []);
      this.#parts.end();
    }
    await this.#send(data);
  }

  /** A message with these bytes. */
  async bytes(bytes: Uint8Array): Promise<void> {
    await this.#send(Buffer.from(bytes).toString('utf8'));
  }

  async handedOver(): Promise<void> {
    // A message is handed over when `send` says so, and that was awaited.
  }

  end(): void {
    this.#parts.end();
  }

  cut(): void {
    this.#parts.end();
    this.#opened.close();
  }

  reset(): void {
    this.#parts.end();
    this.#socket.resetAndDestroy();
  }

  #send(data: string): Promise<void> {
    // With the client gone there is nobody to send to; the response ends by its `gone`.
    return new Promise((resolve) => this.#opened.send(data, () => resolve()));
  }
}

function previousIn(text: string): string | null {
  const id = parsedObject(text)['previous_response_id'];
  return typeof id === 'string' ? id : null;
}

function parsedObject(text: string): Json {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : {};
  } catch {
    return {}; // an answer that is no JSON is sent as text
  }
}
