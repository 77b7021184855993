import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { assertNever } from '../util/index.ts';
import { EventStream } from './event-stream.ts';
import type { Ending, Framing, ItemPart, Json, Part, Pause, Response, Usage } from './script.ts';

export interface PlayOptions {
  readonly response: Response;
  /** Counts requests from 0; ids are made from it. */
  readonly index: number;
  /** Holds unless the response says otherwise. */
  readonly framing: Framing;
  /** Aborts when the client has gone or the server closes. */
  readonly gone: AbortSignal;
}

/** Plays one response over HTTP and SSE, as a provider would. Ends early, without an error, when the client goes. */
export async function play(http: ServerResponse, options: PlayOptions): Promise<void> {
  const { response, gone } = options;
  const whole = response.find((part) => part.type === 'status' || part.type === 'silence');
  if (whole?.type === 'status') {
    http.writeHead(whole.status, { 'content-type': 'application/json', ...whole.headers });
    http.end(whole.body);
  } else if (whole?.type === 'silence') {
    if (whole.by === 'reset') http.socket?.resetAndDestroy();
    else await untilGone(gone);
  } else await playStream(http, options);
}

async function playStream(http: ServerResponse, { response, index, framing, gone }: PlayOptions): Promise<void> {
  const headers = Object.assign({}, ...response.map((part) => (part.type === 'headers' ? part.headers : {})));
  const framings = response.map((part) => (part.type === 'framing' ? part.framing : {}));
  const stream = new EventStream(http, Object.assign({}, framing, ...framings));
  http.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': `req_${index}`, ...headers });
  http.flushHeaders();

  const base = { id: `resp_${index}`, object: 'response', created_at: Math.floor(Date.now() / 1000) };
  await stream.event({ type: 'response.created', response: { ...base, status: 'in_progress', output: [] } });
  const output: Json[] = [];
  let items = 0;
  let ending: Ending | null = null;
  for (const part of response) {
    if (gone.aborted) return;
    if (part.type === 'item') {
      const done = await playItem(stream, part, { id: `${index}_${items}`, outputIndex: items, gone });
      if (done) output.push(done);
      items += 1;
    } else if (part.type === 'end') ending = part.how;
    else await playPart(stream, part, gone);
  }
  if (gone.aborted) return;
  const given = response.findLast((part) => part.type === 'usage')?.usage;
  const tokens = given === undefined ? {} : { usage: wireUsage(given) };
  await playEnd({ http, stream, gone, ending, response: { ...base, output, ...tokens } });
}

interface Place {
  readonly id: string;
  readonly outputIndex: number;
  readonly gone: AbortSignal;
}

/** Sends an item's events. Gives the item as sent, or null if it broke off. */
async function playItem(stream: EventStream, part: ItemPart, { id, outputIndex, gone }: Place): Promise<Json | null> {
  const item = {
    ...(part.idPrefix !== null && { id: `${part.idPrefix}_${id}` }),
    ...(part.isCall && { call_id: `call_${randomUUID()}` }),
    ...part.item,
  };
  const place = { output_index: outputIndex };
  const within = { ...('id' in item && { item_id: item.id }), ...place };
  await stream.event({ type: 'response.output_item.added', ...place, item: { ...item, ...part.begun } });
  for (const step of part.streaming) {
    if (gone.aborted) return null;
    if (isPause(step)) await pause(step, gone);
    else await stream.event({ ...within, ...step });
  }
  if (part.unfinished) return null;
  for (const step of part.closing) await stream.event({ ...within, ...step });
  await stream.event({ type: 'response.output_item.done', ...place, item });
  return item;
}

async function playPart(stream: EventStream, part: Part, gone: AbortSignal): Promise<void> {
  switch (part.type) {
    case 'event':
      return stream.event(part.event);
    case 'raw':
      return stream.bytes(part.bytes);
    case 'delay':
    case 'hold':
      return pause(part, gone);
    default:
      return; // settings of the whole response
  }
}

function isPause(step: Json | Pause): step is Pause {
  return step['type'] === 'delay' || step['type'] === 'hold';
}

async function pause(step: Pause, gone: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([gone, over.signal]);
  // Aborted or rejected: the wait is over either way, and the caller looks at `gone`.
  const wait = step.type === 'delay' ? sleep(step.ms, undefined, { signal: either }) : Promise.resolve(step.gate);
  await Promise.race([wait.then(nothing, nothing), untilGone(either)]);
  over.abort();
}

function nothing(): void {
  // What a gate resolves or rejects with says nothing here.
}

interface StreamEnd {
  readonly http: ServerResponse;
  readonly stream: EventStream;
  readonly gone: AbortSignal;
  readonly ending: Ending | null;
  readonly response: Json;
}

async function playEnd({ http, stream, gone, ending, response }: StreamEnd): Promise<void> {
  switch (ending?.type) {
    case undefined:
    case 'keepOpen':
      await stream.event({ type: 'response.completed', response: { ...response, status: 'completed' } });
      if (ending) return untilGone(gone);
      break;
    case 'failed':
      await stream.event({ type: 'response.failed', response: { ...response, status: 'failed', error: ending.error } });
      break;
    case 'incomplete': {
      const why = { status: 'incomplete', incomplete_details: { reason: ending.reason } };
      await stream.event({ type: 'response.incomplete', response: { ...response, ...why } });
      break;
    }
    case 'cut':
      break;
    case 'reset':
      await stream.handedOver();
      http.socket?.resetAndDestroy();
      return;
    case 'hang':
      return untilGone(gone);
    default:
      return assertNever(ending, 'ending');
  }
  http.end();
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

async function untilGone(gone: AbortSignal): Promise<void> {
  if (gone.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  gone.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
