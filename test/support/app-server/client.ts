import { isInSchema, schemaFault } from './schema.ts';

export type Params = Readonly<Record<string, unknown>>;

export interface Message {
  readonly id?: string | number | null;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** The server's answer was an error. */
export class RpcError extends Error {
  readonly code: number;
  readonly data: unknown;

  constructor({ code, message, data }: NonNullable<Message['error']>) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

interface Waiter {
  readonly isIt: (message: Message) => boolean;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: Error) => void;
}

/** A client of the app server that checks every message, in both directions, against the published schema. */
export class AppClient {
  /** All that came, in order. */
  readonly received: Message[] = [];
  readonly faults: string[] = [];
  /** Answers what the server asks; null leaves a question open. */
  answer: (message: Message) => unknown = () => null;
  readonly #send: (text: string) => void;
  readonly #methods = new Map<string | number, string>();
  #waiters: Waiter[] = [];
  /** What was received before this was looked for already. */
  #seen = 0;
  #nextId = 1;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** Sends a request and waits for its result. @throws RpcError */
  async call(method: string, params: Params = {}): Promise<Params> {
    this.#note(schemaFault('requests', method, params));
    return await this.callUnchecked(method, params);
  }

  /** The same, with parameters that need not fit. */
  async callUnchecked(method: string, params: unknown): Promise<Params> {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#methods.set(id, method);
    const answered = this.#wait((message) => message.id === id && message.method === undefined);
    this.raw(JSON.stringify({ method, id, params }));
    const { error, result = {} } = await answered;
    if (error) throw new RpcError(error);
    return result;
  }

  raw(text: string): void {
    this.#send(text);
  }

  initialize(capabilities: Params = {}): Promise<Params> {
    return this.call('initialize', { clientInfo: { name: 'test', title: null, version: '1' }, capabilities });
  }

  /** The next message with a method of this name since the last one that was waited for. */
  async next(method: string, isIt: (params: Params) => boolean = () => true): Promise<Params> {
    const matches = (message: Message) => message.method === method && isIt(message.params ?? {});
    const at = this.received.findIndex((message, index) => index >= this.#seen && matches(message));
    const message = this.received[at] ?? (await this.#wait(matches));
    this.#seen = this.received.indexOf(message) + 1;
    return message.params ?? {};
  }

  /** The next message that isn't an answer and fits. */
  async nextMessage(isIt: (message: Message) => boolean): Promise<Message> {
    return this.received.find(isIt) ?? (await this.#wait(isIt));
  }

  /** Names of the notifications and requests that came, in order. */
  get methods(): string[] {
    return this.received.flatMap(({ method }) => method ?? []);
  }

  receive(text: string): void {
    const message: Message = JSON.parse(text);
    this.received.push(message);
    this.#check(message);
    if (message.method !== undefined && message.id !== undefined) {
      const result = this.answer(message);
      if (result !== null) this.raw(JSON.stringify({ id: message.id, result }));
    }
    const waiting = this.#waiters.find(({ isIt }) => isIt(message));
    if (waiting === undefined) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter !== waiting);
    waiting.resolve(message);
  }

  /** The connection has ended: nothing more comes. */
  end(): void {
    for (const { reject } of this.#waiters) reject(new Error('the connection has ended'));
    this.#waiters = [];
  }

  #check({ id, method, params, result }: Message): void {
    if (method === undefined) {
      const asked = typeof id === 'number' ? this.#methods.get(id) : undefined;
      if (asked !== undefined && result !== undefined) this.#note(schemaFault('results', asked, result));
      return;
    }
    const kind = id === undefined ? 'notifications' : 'serverRequests';
    this.#note(isInSchema(kind, method) ? schemaFault(kind, method, params) : `${kind} ${method}: not in the schema`);
  }

  #note(fault: string | null): void {
    if (fault !== null) this.faults.push(fault);
  }

  #wait(isIt: (message: Message) => boolean): Promise<Message> {
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    promise.catch(() => undefined);
    this.#waiters.push({ isIt, resolve, reject });
    return promise;
  }
}
