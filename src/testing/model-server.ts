import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { raceAbort } from '../foundation/util/index.ts';
import { HttpOutlet, type Outlet } from './event-stream.ts';
import { formOf, play } from './play.ts';
import { RecordedRequest } from './recorded-request.ts';
import { type Framing, httpError, type Response } from './script.ts';
import type { WebSocketDoor } from './web-socket-door.ts';
import { responsesForm, wireFormAt } from './wires/form-of.ts';

/**
 * Looks at a request and answers it; null says that none was expected. `index` counts all requests from 0. What it throws
 * is reported by `assertDone`.
 */
export type Answer = (request: RecordedRequest, index: number) => Response | null | Promise<Response | null>;

/** Answers requests in order, or one by one by looking at them. */
export type Script = readonly (Response | Answer)[] | Answer;

export interface ModelServerOptions {
  /** Sends the streams in pieces of this many bytes, wherever they cut it. Short for `framing: { pieces: [n] }`. */
  readonly pieceBytes?: number;
  /** How events become bytes, unless a response says otherwise. */
  readonly framing?: Framing;
  /** Answers what comes after a list has run out. */
  readonly fallback?: Answer;
  /**
   * Whether the Responses API is spoken over WebSockets with a client that asks for one (the default), or such a client is answered
   * 426, as by a server without them.
   */
  readonly webSockets?: 'offered' | 'refused';
  /** A port of 127.0.0.1; a free one by default. */
  readonly port?: number;
}

/** A model that answers from a script, over the real wire on 127.0.0.1. */
export interface ModelServer extends AsyncDisposable {
  /** To be used as the provider's base URL, whichever API is spoken; ends in `/v1`. */
  readonly url: string;
  /** All requests whose bodies came in whole, expected or not. */
  readonly requests: readonly RecordedRequest[];
  /** The request with this index, waiting for it if it has not come yet. Rejects when the server closes before it does. */
  request(index: number, signal?: AbortSignal): Promise<RecordedRequest>;
  /** The number of clients that disconnected before their response had ended. */
  readonly abandoned: number;
  /** Throws if a request came that the script has no answer for, or if answers are left over. */
  assertDone(): void;
  /** Ends running responses and frees the port. */
  close(): Promise<void>;
}

/** Starts a scripted model server. Rejects with Node's error if the port can't be had. */
export async function startModelServer(script: Script, options: ModelServerOptions = {}): Promise<ModelServer> {
  const listener = http.createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  listener.once('error', reject);
  listener.listen(options.port ?? 0, '127.0.0.1', resolve);
  await listening;
  listener.off('error', reject);
  return new ScriptedServer(listener, script, options);
}

class ScriptedServer implements ModelServer {
  readonly url: string;
  readonly requests: RecordedRequest[] = [];
  readonly #listener: http.Server;
  readonly #script: Script;
  readonly #options: ModelServerOptions;
  readonly #waiting = new Map<number, PromiseWithResolvers<RecordedRequest>>();
  readonly #faults: string[] = [];
  readonly #closing = new AbortController();
  #answered = 0;
  #door: Promise<WebSocketDoor> | null = null;

  constructor(listener: http.Server, script: Script, options: ModelServerOptions) {
    const { port } = listener.address() as AddressInfo; // it listens on TCP, so this is the form
    this.url = `http://127.0.0.1:${port}/v1`;
    this.#listener = listener;
    this.#script = script;
    this.#options = options;
    listener.on('request', (incoming, outgoing) => void this.#serve(incoming, outgoing));
    listener.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
      void this.#open(incoming, socket, head);
    });
  }

  get abandoned(): number {
    return this.requests.filter((request) => request.closedEarly).length;
  }

  async request(index: number, signal?: AbortSignal): Promise<RecordedRequest> {
    signal?.throwIfAborted();
    const known = this.requests[index];
    if (known) return known;
    this.#closing.signal.throwIfAborted();
    const waiter = this.#waiting.get(index) ?? Promise.withResolvers<RecordedRequest>();
    this.#waiting.set(index, waiter);
    return raceAbort(waiter.promise, AbortSignal.any([this.#closing.signal, ...(signal ? [signal] : [])]));
  }

  assertDone(): void {
    const left = typeof this.#script === 'function' ? 0 : this.#script.length - this.#answered;
    const faults = left > 0 ? [...this.#faults, `${left} scripted responses were not asked for`] : this.#faults;
    if (faults.length > 0) throw new Error(`the model was not used as scripted:\n- ${faults.join('\n- ')}`);
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) this.#closing.abort(new Error('the scripted model server was closed'));
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    (await this.#door)?.close();
    this.#listener.closeAllConnections();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const arrivedAt = performance.timeOrigin + performance.now();
    const left = new AbortController();
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    let isReset = false;
    let isClosedEarly = false;
    outgoing.once('close', () => {
      isClosedEarly = !outgoing.writableFinished && !isReset && !this.#closing.signal.aborted;
      left.abort();
      resolve();
    });
    const body = await text(incoming).catch(() => null);
    if (body === null) return; // the client disconnected before its request was complete
    const { method = '', url = '', headers } = incoming;
    const fields = { method, url, headers, text: body, arrivedAt, closed, transport: 'http', before: [] } as const;
    const request = new RecordedRequest({ ...fields, isClosedEarly: () => isClosedEarly });
    const answered = await this.#play(
      request,
      left.signal,
      ({ wire, framing }) => new HttpOutlet(outgoing, wire, framing),
    );
    isReset = answered === 'reset';
    if (answered === 'failed') outgoing.destroy();
  }

  /** Serves a WebSocket, or says that there is none. */
  async #open(incoming: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    if (this.#options.webSockets === 'refused') {
      socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#door ??= import('./web-socket-door.ts').then(({ WebSocketDoor: Door }) => new Door());
    const door = await this.#door;
    if (this.#closing.signal.aborted) return void socket.destroy();
    door.open({ incoming, socket, head }, (request, left, outlet) => this.#play(request, left, outlet));
  }

  /** Answers a request by the script. `reset`: as scripted the connection breaks. */
  async #play(
    request: RecordedRequest,
    left: AbortSignal,
    outletFor: (form: ReturnType<typeof formOf>) => Outlet,
  ): Promise<'done' | 'reset' | 'failed'> {
    const index = this.requests.push(request) - 1;
    this.#waiting.get(index)?.resolve(request);
    try {
      const response = await this.#answer(request, index);
      const { pieceBytes, framing = pieceBytes === undefined ? {} : { pieces: [pieceBytes] } } = this.#options;
      const gone = AbortSignal.any([left, this.#closing.signal]);
      // Where nothing is expected the answer is an error, which has no form.
      const form = formOf(response, { form: wireFormAt(request.path) ?? responsesForm, index, framing });
      await play(outletFor(form), { response, wire: form.wire, index, gone });
      return resets(response) ? 'reset' : 'done';
    } catch (error) {
      this.#faults.push(`request ${index} could not be answered: ${error}`);
      return 'failed';
    }
  }

  async #answer(request: RecordedRequest, index: number): Promise<Response> {
    const what = `request ${index} (${request.method} ${request.url})`;
    const entry = this.#next(request);
    try {
      const response = typeof entry === 'function' ? await entry(request, index) : entry;
      if (response) return response;
    } catch (error) {
      return this.#fault(`the script threw for ${what}: ${error instanceof Error ? error.stack : error}`);
    }
    return this.#fault(
      `the script has no answer for ${what}; its last user text: ${request.lastUserText.slice(0, 200)}`,
    );
  }

  #next(request: RecordedRequest): Response | Answer | undefined {
    if (request.method !== 'POST' || wireFormAt(request.path) === null) return undefined;
    if (typeof this.#script === 'function') return this.#script;
    const entry = this.#script[this.#answered];
    if (entry) this.#answered += 1;
    return entry ?? this.#options.fallback;
  }

  #fault(message: string): Response {
    this.#faults.push(message);
    return httpError(500, { error: { type: 'unscripted_request', message } });
  }
}

/** Whether it is the script that breaks the connection. */
function resets(response: Response): boolean {
  return response.some(
    (part) => (part.type === 'silence' && part.by === 'reset') || (part.type === 'end' && part.how.type === 'reset'),
  );
}
