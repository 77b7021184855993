import { byteLength } from '../../../foundation/util/index.ts';
import {
  type Client,
  ErrorCode,
  type Method,
  MethodError,
  type Methods,
  type Reply,
  type RequestId,
} from '../methods/method.ts';
import { errorReply } from './error-reply.ts';
import { requireOptIn } from './experimental.ts';
import { type ClientCapabilities, capabilitiesOf, InitializeParams, introduction } from './handshake.ts';
import { readMessage } from './message.ts';

/** Requests of one client that are worked on at a time. */
const MAX_REQUESTS = 128;
/** What waits for a client to read it before the client is given up, bytes; beside messages that are large themselves. */
export const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

/** The way to a client. */
export interface Wire {
  /** Queues a message: JSON in one line. */
  send(text: string): void;
  /** How much of what was sent waits, bytes. */
  queuedBytes(): number;
  /** Ends the connection after what was sent; soon, if the client does not read it. */
  end(reason: string): void;
}

export interface ConnectionOptions {
  readonly wire: Wire;
  readonly methods: Methods;
  /** keel's home. */
  readonly home: string;
  /** For people: a fault of keel, or a client that was disconnected. */
  readonly log: (line: string) => void;
}

/** One client: its handshake, its requests and their answers, and what it is sent besides. */
export class Connection implements Client {
  readonly #options: ConnectionOptions;
  readonly #closed = new AbortController();
  readonly #asked = new Map<RequestId, (reply: Reply) => void>();
  #capabilities: ClientCapabilities | null = null;
  #running = 0;
  #nextId = 0;
  /** Resolves when no ordered request runs. */
  #ordered: Promise<void> = Promise.resolve();
  /** What follows the answer to the ordered request that runs; null: none runs. */
  #delayed: string[] | null = null;
  #delayedBytes = 0;
  /** Of the largest message so far: a thread is read back as one. */
  #largestBytes = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Takes a message of the client. Never throws. */
  receive(text: string): void {
    const message = readMessage(text);
    switch (message.type) {
      case 'fault':
        return this.refuse(message.id, new MethodError(message.code, message.message));
      case 'request':
        return this.#take(message.id, message.method, message.params);
      case 'notification':
        // `initialized` is the only one, and nothing waits for it.
        return;
      case 'reply': {
        const onReply = this.#asked.get(message.id);
        this.#asked.delete(message.id);
        // A reply that comes late, or to nothing, is passed over.
        onReply?.(message.reply);
      }
    }
  }

  /** Answers what is no request that could be worked on. */
  refuse(id: RequestId | null, error: MethodError): void {
    this.#write({ error: errorReply(error).body, id });
  }

  notify(method: string, params: object): void {
    if (this.#capabilities === null || this.#capabilities.optedOut.has(method)) return;
    this.#send({ method, params });
  }

  request(method: string, params: object, onReply: (reply: Reply) => void): RequestId {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#asked.set(id, onReply);
    this.#send({ method, id, params });
    return id;
  }

  withdraw(id: RequestId): void {
    this.#asked.delete(id);
  }

  /** The transport has ended: nothing is sent or received any more. */
  end(): void {
    this.#asked.clear();
    this.#closed.abort();
  }

  #take(id: RequestId, name: string, params: unknown): void {
    if (this.#running >= MAX_REQUESTS) {
      this.refuse(id, new MethodError(ErrorCode.overloaded, 'Server overloaded; retry later.'));
      return;
    }
    this.#running += 1;
    const { methods } = this.#options;
    const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
    const work = () => this.#answer(id, () => this.#call({ name, method, params }));
    if (method?.ordered) this.#ordered = this.#ordered.then(() => this.#inOrder(work));
    else void work();
  }

  async #inOrder(work: () => Promise<void>): Promise<void> {
    this.#delayed = [];
    await work();
    const delayed = this.#delayed;
    this.#delayed = null;
    this.#delayedBytes = 0;
    for (const text of delayed) this.#sendText(text);
  }

  /** Never throws. */
  async #answer(id: RequestId, call: () => Promise<object>): Promise<void> {
    try {
      this.#write({ id, result: await call() });
    } catch (error) {
      const { body, isBug } = errorReply(error);
      if (isBug) this.#options.log(`app-server: ${error instanceof Error ? error.stack : String(error)}`);
      this.#write({ error: body, id });
    } finally {
      this.#running -= 1;
    }
  }

  async #call({
    name,
    method,
    params,
  }: {
    name: string;
    method: Method | undefined;
    params: unknown;
  }): Promise<object> {
    if (name === 'initialize') return this.#initialize(params);
    if (this.#capabilities === null) throw new MethodError(ErrorCode.invalidRequest, 'Not initialized');
    if (!this.#capabilities.experimentalApi) requireOptIn(name, params);
    if (method === undefined) {
      throw new MethodError(ErrorCode.methodNotFound, 'Method not found', { method: name.slice(0, 100) });
    }
    return await method.call(params, this);
  }

  #initialize(params: unknown): object {
    if (this.#capabilities !== null) throw new MethodError(ErrorCode.invalidRequest, 'Already initialized');
    const { data, error } = InitializeParams.safeParse(params);
    if (data === undefined) {
      throw new MethodError(ErrorCode.invalidRequest, `Invalid request: ${error.issues[0]?.message ?? ''}`);
    }
    this.#capabilities = capabilitiesOf(data);
    return introduction(data, this.#options.home);
  }

  /** Sends what is no answer, after the answer to an ordered request that runs. */
  #send(message: object): void {
    const text = JSON.stringify(message);
    if (this.#delayed === null) return this.#sendText(text);
    this.#delayed.push(text);
    this.#delayedBytes += byteLength(text);
    this.#requireRoom();
  }

  #write(message: object): void {
    this.#sendText(JSON.stringify(message));
  }

  #sendText(text: string): void {
    if (this.#closed.signal.aborted) return;
    this.#largestBytes = Math.max(this.#largestBytes, text.length);
    this.#options.wire.send(text);
    this.#requireRoom();
  }

  /** A client that does not read is given up, so that nobody has to wait for it and memory stays bounded. */
  #requireRoom(): void {
    const { wire, log } = this.#options;
    const room = MAX_QUEUED_BYTES + 2 * this.#largestBytes;
    if (this.#closed.signal.aborted || wire.queuedBytes() + this.#delayedBytes <= room) return;
    const reason = 'the client reads too slowly: it is disconnected, and may resume its threads';
    wire.send(JSON.stringify({ method: 'warning', params: { threadId: null, message: reason } }));
    log(`app-server: ${reason}`);
    this.end();
    wire.end(reason);
  }
}
