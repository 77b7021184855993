import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Json, Part, Response, Usage } from './script.ts';

export interface PlayOptions {
  readonly response: Response;
  readonly responseId: string;
  /** The stream is sent in pieces of this many bytes, wherever they cut it. Null: event by event. */
  readonly pieceBytes: number | null;
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
}

/** Plays one response over HTTP and SSE, as a provider would. */
export async function play(http: ServerResponse, options: PlayOptions): Promise<void> {
  const { response, gone } = options;
  const status = response.find((part) => part.type === 'status');
  if (status) {
    http.writeHead(status.status, { 'content-type': 'application/json', ...status.headers });
    http.end(status.body);
    return;
  }
  if (response.some((part) => part.type === 'silence')) return untilGone(gone);
  const headers = Object.assign({}, ...response.map((part) => (part.type === 'headers' ? part.headers : {})));
  http.writeHead(200, { 'content-type': 'text/event-stream', ...headers });
  const stream = new EventStream(http, options.pieceBytes);
  await stream.event({ type: 'response.created', response: { id: options.responseId } });
  let index = 0;
  for (const part of response) {
    if (gone.aborted) return;
    if (part.type === 'end' && part.how !== 'open') return endEarly(http, stream, part, gone);
    await playPart(stream, part, index);
    if (part.type === 'item') index += 1;
  }
  await stream.event({ type: 'response.completed', response: completed(response, options.responseId) });
  if (response.some((part) => part.type === 'end')) return untilGone(gone);
  http.end();
}

async function playPart(stream: EventStream, part: Part, index: number): Promise<void> {
  switch (part.type) {
    case 'item':
      if (part.announce)
        await stream.event({ type: 'response.output_item.added', output_index: index, item: bare(part.item) });
      for (const delta of part.deltas) await stream.event({ output_index: index, ...delta });
      return stream.event({ type: 'response.output_item.done', output_index: index, item: part.item });
    case 'event':
      return stream.event(part.event);
    case 'raw':
      return stream.text(part.text);
    case 'delay':
      return sleep(part.ms);
    case 'hold':
      await part.gate;
      return;
    default:
      return;
  }
}

async function endEarly(
  http: ServerResponse,
  stream: EventStream,
  part: Extract<Part, { type: 'end' }>,
  gone: AbortSignal,
): Promise<void> {
  switch (part.how) {
    case 'cut':
      http.end();
      return;
    case 'reset':
      http.socket?.resetAndDestroy();
      return;
    case 'hang':
      return untilGone(gone);
    default:
      await stream.event(part.event ?? {});
      http.end();
  }
}

/** Writes events with back-pressure and the numbering that providers give them. */
class EventStream {
  readonly #http: ServerResponse;
  readonly #pieceBytes: number | null;
  #sequence = 0;

  constructor(http: ServerResponse, pieceBytes: number | null) {
    this.#http = http;
    this.#pieceBytes = pieceBytes;
  }

  event(event: Json): Promise<void> {
    const whole = { ...event, sequence_number: this.#sequence };
    this.#sequence += 1;
    return this.text(`event: ${String(event['type'])}\ndata: ${JSON.stringify(whole)}\n\n`);
  }

  async text(text: string): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    const size = this.#pieceBytes ?? bytes.length;
    for (let at = 0; at < bytes.length; at += size) await this.#write(bytes.subarray(at, at + size));
  }

  async #write(bytes: Buffer): Promise<void> {
    if (this.#http.destroyed || this.#http.write(bytes)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#http.once('drain', resolve).once('close', resolve);
    await promise;
    this.#http.off('drain', resolve).off('close', resolve);
  }
}

function completed(response: Response, id: string): Json {
  const given = response.findLast((part) => part.type === 'usage')?.usage;
  const output = response.flatMap((part) => (part.type === 'item' ? [part.item] : []));
  return { id, status: 'completed', output, ...(given === undefined ? {} : { usage: wireUsage(given) }) };
}

function wireUsage({ input = 0, cached = 0, output = 0, reasoning = 0, total = input + output }: Usage): Json {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: total,
  };
}

/** An item as it is announced, before it has any content. */
function bare(item: Json): Json {
  return { ...item, ...('content' in item ? { content: [] } : {}), ...('arguments' in item ? { arguments: '' } : {}) };
}

async function untilGone(gone: AbortSignal): Promise<void> {
  if (gone.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  gone.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
