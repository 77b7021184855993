import http, { type ClientRequest, type IncomingHttpHeaders } from 'node:http';
import { createParser } from 'eventsource-parser';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came, one entry a `data` event. */
  readonly pieces: readonly Buffer[];
  readonly body: string;
  /** The JSON of each server-sent event, decoded by a parser that is not the server's own. */
  readonly events: readonly WireEvent[];
}

export interface WireEvent {
  readonly type: string;
  readonly [key: string]: unknown;
}

export interface LiveRequest {
  readonly request: ClientRequest;
  /** Resolves with the first bytes of the body that come after what was taken before. */
  next(): Promise<string>;
  /** Rejects with the connection's error. */
  readonly answer: Promise<Answer>;
}

/** Sends a request and follows its answer. */
export function send(url: string, body: unknown = {}, method = 'POST'): LiveRequest {
  const request = http.request(url, { method, agent: false, headers: { 'content-type': 'application/json' } });
  const pieces: Buffer[] = [];
  const { promise: answer, resolve, reject } = Promise.withResolvers<Answer>();
  let taken = 0;
  let wake = Promise.withResolvers<void>();
  request.once('error', reject);
  request.once('response', (response) => {
    response.on('data', (piece: Buffer) => {
      pieces.push(piece);
      wake.resolve();
    });
    response.once('error', reject);
    response.once('end', () => {
      const whole = Buffer.concat(pieces).toString('utf8');
      const { statusCode = 0, headers } = response;
      resolve({ status: statusCode, headers, pieces, body: whole, events: eventsIn(whole) });
    });
  });
  answer.catch(() => undefined); // a test that is only interested in the connection does not look
  request.end(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    request,
    answer,
    async next() {
      if (pieces.length === taken) await wake.promise;
      wake = Promise.withResolvers();
      const fresh = Buffer.concat(pieces.slice(taken)).toString('utf8');
      taken = pieces.length;
      return fresh;
    },
  };
}

/** Asks a scripted model and waits for its whole answer. */
export function ask(server: { readonly url: string }, body: unknown = {}): Promise<Answer> {
  return send(`${server.url}/responses`, body).answer;
}

/** The events of a stream, without the fields that only number and date them. */
export function shape(events: readonly WireEvent[]): object[] {
  return events.map(({ sequence_number: _, response: __, ...rest }) => rest);
}

export function typesOf(answer: Answer): string[] {
  return answer.events.map((event) => event.type.replace('response.', ''));
}

export function user(text: string): object {
  return { type: 'message', role: 'user', content: [{ type: 'input_text', text }] };
}

function eventsIn(body: string): WireEvent[] {
  const events: WireEvent[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      const value: unknown = JSON.parse(data);
      if (isWireEvent(value)) events.push(value);
    },
  });
  parser.feed(body);
  return events;
}

function isWireEvent(value: unknown): value is WireEvent {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
