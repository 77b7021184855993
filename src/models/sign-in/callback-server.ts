import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { KeelError } from '../../foundation/protocol/index.ts';
import { raceAbort } from '../../foundation/util/index.ts';
import { listenOn } from './take-port.ts';

const CANCEL_PATH = '/cancel';
const DONE = 'You are signed in. You can close this window.';
const FAILED = 'The sign-in failed. See the terminal.';

export interface CallbackServerOptions {
  /** The one that the client is registered with; null: any that is free. */
  readonly port: number | null;
  /** How the address names this machine: a registered address is compared as text. */
  readonly host: 'localhost' | '127.0.0.1';
  readonly path: `/${string}`;
  /** What only the answer to this sign-in knows. */
  readonly state: string;
  readonly signal: AbortSignal;
}

/**
 * Where the browser comes back to after a sign-in (RFC 8252, section 7.3): a server on the loopback interface. Any page can send a
 * browser here, so only a request with this sign-in's state counts, and only the first one.
 */
export class CallbackServer implements AsyncDisposable {
  /** What the authorization server is asked to send the browser to. */
  readonly url: string;
  readonly #server: Server;
  readonly #path: string;
  readonly #state: Buffer;
  readonly #arrival = Promise.withResolvers<{ answer: URLSearchParams; response: ServerResponse }>();
  #hasArrived = false;

  private constructor(server: Server, port: number, { host, path, state }: CallbackServerOptions) {
    this.#server = server;
    this.#path = path;
    this.#state = Buffer.from(state);
    this.url = `http://${host}:${port}${path}`;
    this.#arrival.promise.catch(() => undefined); // reported to whoever waits for it
    server.on('request', (request, response) => this.#answer(request, response));
  }

  /** Takes a registered port from a sign-in that was left waiting. @throws KeelError `invalidInput` for a port in use */
  static async open(options: CallbackServerOptions): Promise<CallbackServer> {
    const server = createServer();
    const port = await listenOn(server, { port: options.port, cancelPath: CANCEL_PATH, signal: options.signal });
    return new CallbackServer(server, port, options);
  }

  /**
   * Waits for the browser and uses what it brings. The browser shows a page that says whether `use` has succeeded.
   * @throws KeelError `interrupted` if another sign-in took the port, what `use` throws, the reason of `signal`
   */
  async answered<T>(use: (answer: URLSearchParams) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { answer, response } = await raceAbort(this.#arrival.promise, signal);
    try {
      const result = await use(answer);
      respond(response, 200, DONE);
      return result;
    } catch (error) {
      respond(response, 200, FAILED);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeIdleConnections();
    // Pages that were just sent get through first.
    const timer = setTimeout(() => this.#server.closeAllConnections(), 1_000);
    await promise;
    clearTimeout(timer);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = URL.parse(request.url ?? '', this.url);
    if (url === null || request.method !== 'GET') return respond(response, 400, FAILED);
    // Browsers say where a request comes from, and no page has a reason to end a sign-in.
    if (url.pathname === CANCEL_PATH && request.headers['sec-fetch-site'] === undefined) {
      this.#arrival.reject(new KeelError('interrupted', 'another sign-in was started'));
      return respond(response, 200, FAILED);
    }
    if (url.pathname !== this.#path) return respond(response, 404, FAILED);
    if (this.#hasArrived || !this.#isOwn(url.searchParams.get('state') ?? '')) return respond(response, 400, FAILED);
    this.#hasArrived = true;
    this.#arrival.resolve({ answer: url.searchParams, response });
  }

  #isOwn(given: string): boolean {
    const bytes = Buffer.from(given);
    return bytes.length === this.#state.length && timingSafeEqual(bytes, this.#state);
  }
}

function respond(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'text/html; charset=utf-8', connection: 'close', 'cache-control': 'no-store' };
  response.writeHead(status, headers).end(`<!doctype html><meta charset="utf-8"><title>keel</title><p>${text}\n`);
}
