import { type FailureContext, type ModelError, streamLost } from '../../failures/index.ts';
import { asObject, numberField, objectField, parseJson, stringField } from '../../json/index.ts';
import type { IdleWatch } from '../idle-watch.ts';
import type { SseEvent } from '../sse.ts';
import { ConnectionRefused, type HttpResponse } from '../transport.ts';
import type { ResponseSocket, SocketExchange, SocketRequest } from './response-socket.ts';

/** After these the whole request is sent over a new connection: the server has lost, or ends, what was continued. */
const ASK_WHOLE: ReadonlySet<string> = new Set(['previous_response_not_found', 'websocket_connection_limit_reached']);

/** An exchange whose first messages are in. */
export interface StartedExchange {
  readonly exchange: SocketExchange;
  readonly first: readonly string[];
}

/** An error in a message as the head of an answer, where it says how it would have been answered over HTTP. */
export type Refusal = Pick<HttpResponse, 'status' | 'statusText' | 'headers'>;

/**
 * Sends a request over the session's WebSocket, if need be over a new one, and waits for its first message. Null: HTTP has to
 * do it, from then on where this server turns out to have no WebSocket that works.
 * @throws the signal's reason when it aborts
 */
export async function startExchange(
  socket: ResponseSocket,
  request: SocketRequest,
  signal: AbortSignal,
  onSent?: () => void,
): Promise<StartedExchange | null> {
  for (;;) {
    let exchange: SocketExchange | null = null;
    try {
      exchange = await socket.open(request, signal);
      exchange.send();
      onSent?.();
      const first = await exchange.receive(signal);
      if (first !== null && !(exchange.isContinued && asksWhole(first))) return { exchange, first };
    } catch (error) {
      exchange?.broken();
      signal.throwIfAborted();
      if (exchange?.isContinued) continue;
      if (!isPassing(error)) socket.switchOff();
      return null;
    }
    exchange.broken();
    if (exchange.isContinued) continue;
    socket.switchOff();
    return null;
  }
}

/** A response's events. @throws ModelError for a connection that ends */
export async function* socketEvents(
  { exchange, first }: StartedExchange,
  watch: IdleWatch,
  context: FailureContext,
): AsyncGenerator<readonly SseEvent[], void, undefined> {
  for (let messages: readonly string[] | null = first; ; messages = await exchange.receive(watch.signal)) {
    if (messages === null) throw streamLost('the server closed the WebSocket', context);
    watch.pause();
    yield messages.map((data) => ({ data }));
    watch.signal.throwIfAborted();
    watch.wait();
  }
}

function asksWhole([data = '']: readonly string[]): boolean {
  const error = objectField(asObject(parseJson(data)), 'error');
  return ASK_WHOLE.has(stringField(error, 'code') ?? '');
}

/** A key that is refused, or a server that is busy, says nothing about WebSockets. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof ConnectionRefused)) return false;
  return error.status === 401 || error.status === 403 || error.status === 429 || error.status >= 500;
}

/** The failure of a message that says how it would have been answered over HTTP; null: it doesn't. */
export function refusalIn(data: string, refused: (refusal: Refusal, body: string) => ModelError): ModelError | null {
  const frame = asObject(parseJson(data));
  const status = numberField(frame, 'status') ?? numberField(frame, 'status_code');
  if (frame === null || status === null) return null;
  const headers = Object.entries(objectField(frame, 'headers') ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ]);
  return refused(
    { status, statusText: '', headers: Object.fromEntries(headers) },
    JSON.stringify({ error: frame['error'] }),
  );
}
