/** A request to the provider, as it is to be sent. */
export interface TransportRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** With the key, if the provider takes one. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON in UTF-8; empty for GET. */
  readonly body: Uint8Array;
}

/** What the provider answered. */
export interface TransportResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Decoded text, in pieces of any size, as it comes. */
  readonly text: AsyncIterable<string>;
}

/**
 * How requests reach a provider, in place of keel's own HTTP: over connections of your program, through a recorder, or in a test. keel
 * still writes the requests in the form of the provider's API, reads the answers and decides about retries.
 */
export interface ModelTransport {
  /**
   * Sends one request, and follows no redirect. It resolves when the headers of the answer are there; `signal` aborts when the turn is
   * interrupted, also while the text is read. What it throws counts as a broken connection.
   */
  send(request: TransportRequest, signal: AbortSignal): Promise<TransportResponse>;
}
