import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { play } from './play.ts';
import { RecordedRequest } from './recorded-request.ts';
import type { Response } from './script.ts';

/** Answers requests in order, or one by one by looking at them. */
export type Script = readonly Response[] | ((request: RecordedRequest, index: number) => Response | null);

export interface ModelServerOptions {
  /** Sends the stream in pieces of this many bytes, wherever they cut it. */
  readonly pieceBytes?: number;
}

/** A model that says what it was told to, over the real wire on 127.0.0.1. */
export interface ModelServer extends AsyncDisposable {
  /** To be used as the provider's base URL; ends in `/v1`. */
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** The request with this index, waiting for it if it has not come yet. */
  request(index: number, signal?: AbortSignal): Promise<RecordedRequest>;
  /** How many clients went away before their response had ended. */
  readonly abandoned: number;
  /** Throws if a request came that the script has no answer for, or if answers are left over. */
  assertDone(): void;
  close(): Promise<void>;
}

/** Starts a scripted model server on a free port. */
export async function startModelServer(script: Script, options: ModelServerOptions = {}): Promise<ModelServer> {
  const requests: RecordedRequest[] = [];
  const unscripted: string[] = [];
  const waiting = new Map<number, PromiseWithResolvers<RecordedRequest>>();
  let abandoned = 0;
  const answer = (request: RecordedRequest, index: number) =>
    typeof script === 'function' ? script(request, index) : (script[index] ?? null);

  const server = http.createServer(async (incoming, outgoing) => {
    const arrivedAt = performance.timeOrigin + performance.now();
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
    const request = new RecordedRequest({
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      headers: incoming.headers,
      text: Buffer.concat(chunks).toString('utf8'),
      arrivedAt,
    });
    const index = requests.push(request) - 1;
    waiting.get(index)?.resolve(request);
    const response = answer(request, index);
    if (response === null) {
      unscripted.push(`request ${index}: ${request.method} ${request.url}`);
      outgoing.writeHead(500, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ error: { message: `the script has no answer for request ${index}` } }));
      return;
    }
    const gone = new AbortController();
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) abandoned += 1;
      gone.abort();
    });
    await play(outgoing, {
      response,
      responseId: `resp_${index}`,
      pieceBytes: options.pieceBytes ?? null,
      gone: gone.signal,
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  async function close(): Promise<void> {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    get abandoned() {
      return abandoned;
    },
    async request(index, signal) {
      const known = requests[index];
      if (known) return known;
      const waiter = waiting.get(index) ?? Promise.withResolvers<RecordedRequest>();
      waiting.set(index, waiter);
      signal?.addEventListener('abort', () => waiter.reject(signal.reason), { once: true });
      return waiter.promise;
    },
    assertDone() {
      if (unscripted.length > 0) throw new Error(`unscripted: ${unscripted.join('; ')}`);
      if (typeof script !== 'function' && requests.length < script.length) {
        throw new Error(`${script.length - requests.length} scripted responses were not asked for`);
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
