import { setImmediate as tick } from 'node:timers/promises';
import type { HttpRequest, HttpResponse, Transport } from '../../src/models/client/transport.ts';
import type { ItemPart, Json, Part, Pause, Response, Usage } from '../../src/testing/index.ts';
import type { Answer } from './scripted-model.ts';

/**
 * Plays the responses of the scripted model server without a socket: the same events in the same text, so that the real
 * client decodes them, at a hundredth of the time. Each event comes in a turn of the event loop of its own.
 */
export class MemoryTransport implements Transport {
  readonly #answer: (request: HttpRequest) => Answer;

  /** `answer` looks at a request in the moment it is made and says how it is answered. */
  constructor(answer: (request: HttpRequest) => Answer) {
    this.#answer = answer;
  }

  async send(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    const { response, isDeaf } = this.#answer(request);
    await tick();
    signal.throwIfAborted();
    const whole = response.find((part) => part.type === 'status');
    if (whole) return answered(whole.status, whole.headers, [whole.body]);
    const headers = response.flatMap((part) => (part.type === 'headers' ? [part.headers] : []));
    const text = stream(response, isDeaf ? new AbortController().signal : signal);
    return answered(200, Object.assign({}, ...headers), text);
  }

  close(): void {
    // There is nothing to close.
  }
}

function answered(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: AsyncIterable<string> | readonly string[],
): HttpResponse {
  const text = (async function* () {
    yield* body;
  })();
  return { status, statusText: '', headers, text, release: nothing, destroy: nothing };
}

function nothing(): void {
  // No connection is behind a response.
}

let responses = 0;

async function* stream(response: Response, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  responses += 1;
  const id = `memory_${responses}`;
  const events = eventsOf(response, id);
  for (const event of events) {
    if (isPause(event)) await pause(event, signal);
    else {
      await tick();
      signal.throwIfAborted();
      yield `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`;
    }
    signal.throwIfAborted();
  }
  const end = response.find((part) => part.type === 'end')?.how;
  if (end?.type === 'reset') throw new Error('read ECONNRESET');
  if (end?.type === 'hang') await gone(signal);
  signal.throwIfAborted();
}

function eventsOf(response: Response, id: string): (Json | Pause)[] {
  const items = response.filter((part) => part.type === 'item');
  const events = response.flatMap((part) =>
    part.type === 'item' ? itemEvents(part, items.indexOf(part), id) : pauses(part),
  );
  return [{ type: 'response.created', response: { id } }, ...events, ...endEvents(response, id)];
}

function pauses(part: Part): Pause[] {
  return part.type === 'delay' || part.type === 'hold' ? [part] : [];
}

function itemEvents(part: ItemPart, index: number, id: string): (Json | Pause)[] {
  const item: Json = { ...(part.idPrefix !== null && { id: `${part.idPrefix}_${id}_${index}` }), ...part.item };
  const place = { output_index: index };
  const within = { ...('id' in item && { item_id: item['id'] }), ...place };
  const streaming = part.streaming.map((step) => (isPause(step) ? step : { ...within, ...step }));
  const added = { type: 'response.output_item.added', ...place, item: { ...item, ...part.begun } };
  if (part.unfinished) return [added, ...streaming];
  const closing = part.closing.map((step) => ({ ...within, ...step }));
  return [added, ...streaming, ...closing, { type: 'response.output_item.done', ...place, item }];
}

function endEvents(response: Response, id: string): Json[] {
  const end = response.find((part) => part.type === 'end')?.how;
  if (end?.type === 'failed')
    return [{ type: 'response.failed', response: { id, status: 'failed', error: end.error } }];
  if (end) return [];
  const scripted = response.findLast((part) => part.type === 'usage')?.usage;
  const usage = scripted === undefined ? {} : { usage: wireUsage(scripted) };
  return [{ type: 'response.completed', response: { id, status: 'completed', ...usage } }];
}

function wireUsage({ input = 0, output = 0, total = input + output }: Usage): Json {
  return { input_tokens: input, output_tokens: output, total_tokens: total };
}

function isPause(step: Json | Pause): step is Pause {
  return step['type'] === 'hold' || step['type'] === 'delay';
}

async function pause(step: Pause, signal: AbortSignal): Promise<void> {
  if (step.type === 'hold') await Promise.race([step.gate, gone(signal)]);
}

function gone(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
