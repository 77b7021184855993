import { createServer, type Server, type ServerResponse } from 'node:http';
import { raceAbort, reasonOf } from '../../../foundation/util/index.ts';

const HOST = '127.0.0.1';
const PATH = '/callback';

/** Where the browser comes back to after a sign-in (RFC 8252, section 7.3). Closed by whoever opens it. */
export class CallbackServer {
  readonly #server: Server;
  readonly #answer = Promise.withResolvers<URLSearchParams>();
  readonly url: string;

  private constructor(server: Server, port: number, state: string) {
    this.#server = server;
    this.url = `http://${HOST}:${port}${PATH}`;
    server.on('request', ({ url = '', method }, response) => {
      const { pathname, searchParams } = new URL(url, this.url);
      if (method !== 'GET' || pathname !== PATH) return respond(response, 404, 'There is nothing here.');
      // Any page may send the browser here; only the answer to this sign-in knows its state.
      if (searchParams.get('state') !== state) return respond(response, 400, 'This is not the answer to the sign-in.');
      const hasFailed = searchParams.has('error') || !searchParams.has('code');
      respond(response, 200, `${hasFailed ? 'The sign-in was refused' : 'Signed in'}: you can close this window.`);
      this.#answer.resolve(searchParams);
    });
  }

  /** @param port null: any that is free @throws Error with a reason for the user */
  static async open(port: number | null, state: string): Promise<CallbackServer> {
    const server = createServer();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(port ?? 0, HOST, resolve);
    try {
      await promise;
    } catch (cause) {
      throw new Error(`keel can't listen on ${HOST}:${port ?? 0} for the browser: ${reasonOf(cause)}`, { cause });
    }
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the system gave no port');
    return new CallbackServer(server, address.port, state);
  }

  /** What the authorization server sent back with the browser. @throws the reason of `signal` */
  answer(signal: AbortSignal): Promise<URLSearchParams> {
    return raceAbort(this.#answer.promise, signal);
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    await promise;
  }
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' });
  response.end(`${text}\n`);
}
