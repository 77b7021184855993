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

/** How bytes reach a provider. Sends exactly one request per call and follows no redirect. */
export interface Transport {
  /**
   * Resolves when the answer's headers are in. Aborting `signal`, then or later, closes the socket. `onSent` is called when
   * the whole request has been handed to the system.
   */
  send(request: HttpRequest, signal: AbortSignal, onSent?: () => void): Promise<HttpResponse>;
  /** Closes every connection. */
  close(): void;
}
