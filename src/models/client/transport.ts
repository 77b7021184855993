/** `body` is JSON text in UTF-8, in pieces that do not change any more; header names are as they go on the wire. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: readonly Uint8Array[];
}

/** An answer whose body has not been read. The receiver ends it: by reading all of it, `release` or `destroy`. */
export interface HttpResponse {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case; of a repeated header the values joined by `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The HTTP proxy that it came through, for people: its address and the variable that names it; null or absent: none. */
  readonly proxy?: string | null;
  /** Decoded UTF-8. Throws when the connection breaks or the request's signal aborts. */
  readonly text: AsyncIterable<string>;
  /** The rest is of no interest: frees the connection for the next request where that is quick. */
  release(): void;
  /** Closes the connection. */
  destroy(): void;
}

/** A WebSocket of one session. Its messages are texts; others count as a fault of the server. */
export interface Connection {
  /** False from the moment on at which either side closes it. */
  readonly isOpen: boolean;
  /** The proxy, as of `HttpResponse`. */
  readonly proxy: string | null;
  send(message: Uint8Array): void;
  /**
   * The messages that came since the last call, waiting for the first one; null: the connection is closed, and there are no more.
   * While nobody waits the connection doesn't keep the process alive.
   * @throws what broke the connection; the signal's reason when that aborts
   */
  receive(signal: AbortSignal): Promise<readonly string[] | null>;
  /** Closes it at once. */
  close(): void;
}

/** The server answered the request for a WebSocket with something else. */
export class ConnectionRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the server opens no WebSocket: status ${status}`);
    this.name = 'ConnectionRefused';
    this.status = status;
  }
}

/** How bytes reach a provider. Sends exactly one request per call and follows no redirect. */
export interface Transport {
  /**
   * Resolves when the answer's headers are in. Aborting `signal`, then or later, closes the socket. `onSent` is called when
   * the whole request has been handed to the system.
   */
  send(request: HttpRequest, signal: AbortSignal, onSent?: () => void): Promise<HttpResponse>;
  /**
   * Opens a WebSocket at this address; absent: this transport has none. The owner of the connection closes it.
   * @throws ConnectionRefused; what broke the connection before it was open
   */
  connect?(request: Pick<HttpRequest, 'url' | 'headers'>, signal: AbortSignal): Promise<Connection>;
  /** Closes every connection. */
  close(): void;
}
