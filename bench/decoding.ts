import { createParser } from 'eventsource-parser';
import { modelInfo, ServerFacts } from '../src/models/catalogue/index.ts';
import { loadWire, ModelClient, type Transport } from '../src/models/client/index.ts';
import type { ModelProvider } from '../src/storage/config/index.ts';

type WireApi = ModelProvider['wireApi'];

const CHUNK_CHARS = 16 * 1024;

/** What a long answer looks like: mostly deltas, with all the fields that go with them. */
const ANSWERS: Readonly<Record<WireApi, (pieces: readonly string[]) => string>> = {
  responses: responsesAnswer,
  chat: chatAnswer,
  anthropic: messagesAnswer,
};

function responsesAnswer(pieces: readonly string[]): string {
  const item = { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant' };
  const place = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const content = [{ type: 'output_text', text: pieces.join(''), annotations: [], logprobs: [] }];
  const more = { logprobs: [], obfuscation: 'x8KpQ2' };
  const events = [
    { type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } },
    ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...place, delta, ...more })),
    { type: 'response.output_item.done', output_index: 0, item: { ...item, content } },
    {
      type: 'response.completed',
      response: { id: 'resp_1', status: 'completed', output: [{ ...item, content }], usage: null },
    },
  ];
  return namedEvents(events.map((event, at) => ({ ...event, sequence_number: at })));
}

function messagesAnswer(pieces: readonly string[]): string {
  const usage = { input_tokens: 10, cache_read_input_tokens: 0, cache_creation_input_tokens: 0, output_tokens: 1 };
  return namedEvents([
    { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', content: [], usage } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...pieces.map((text) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: 'message_stop' },
  ]);
}

function namedEvents(events: readonly { readonly type: string; readonly [field: string]: unknown }[]): string {
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

function chatAnswer(pieces: readonly string[]): string {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'gpt-5' };
  const more = { service_tier: 'default', system_fingerprint: 'fp_1' };
  const chunk = (delta: object, finish_reason: string | null) => ({
    ...{ ...head, ...more },
    choices: [{ index: 0, delta, logprobs: null, finish_reason }],
    ...{ usage: null, obfuscation: 'x8KpQ2' },
  });
  const usage = { prompt_tokens: 10, completion_tokens: 9, total_tokens: 19 };
  const chunks = [
    chunk({ role: 'assistant', content: '', refusal: null }, null),
    ...pieces.map((content) => chunk({ content }, null)),
    chunk({}, 'stop'),
    { ...head, ...more, choices: [], usage },
  ];
  return [...chunks.map((one) => JSON.stringify(one)), '[DONE]'].map((data) => `data: ${data}\n\n`).join('');
}

/** The same chunks as keel reads them, from a connection to events of the model. */
async function byKeel(wireApi: WireApi, chunks: readonly string[]): Promise<number> {
  const transport: Transport = {
    send: async () => ({
      ...{ status: 200, statusText: 'OK', headers: { 'content-type': 'text/event-stream' } },
      text: (async function* () {
        yield* chunks;
      })(),
      release: () => undefined,
      destroy: () => undefined,
    }),
    close: () => undefined,
  };
  const provider: ModelProvider = {
    ...{ id: 'bench', name: 'Bench', baseUrl: 'http://127.0.0.1:9/v1', wireApi, queryParams: {} },
    ...{ httpHeaders: {}, envHttpHeaders: {}, requestMaxRetries: 0, streamMaxRetries: 0 },
    ...{ streamIdleTimeoutMs: 30_000, requiresOpenaiAuth: false },
  };
  const client = new ModelClient({
    ...{ wire: await loadWire(wireApi), provider, model: modelInfo('gpt-5'), threadId: 't', effort: null },
    ...{ summary: 'auto', verbosity: null, originator: 'keel_bench', userAgent: 'keel_bench', sessionSource: 'cli' },
    serverFacts: new ServerFacts(provider),
    credentials: () => ({ bearer: 'key', source: 'bench', headers: {} }),
    transport,
  });
  let events = 0;
  const prompt = { instructions: '', input: [], tools: [], parallelToolCalls: false };
  const signal = new AbortController().signal;
  for await (const batch of client.stream(prompt, { taskKind: 'regular', signal })) events += batch.length;
  return events;
}

/** The least that has to be done with them: the parser alone, and each event's JSON. */
async function byFloor(chunks: readonly string[]): Promise<number> {
  let events = 0;
  const parser = createParser({
    onEvent({ data }) {
      if (data !== '[DONE]') JSON.parse(data);
      events += 1;
    },
  });
  for await (const chunk of chunks) parser.feed(chunk);
  return events;
}

/**
 * Processor time of keel's decoding of a long answer, divided by that of the floor: the median of several rounds, in which
 * both take turns.
 */
export async function decodingRatio(wireApi: WireApi, deltas: number, rounds = 9): Promise<number> {
  const pieces = Array.from({ length: deltas }, (_, at) => `word${at % 10} `);
  const chunks = ANSWERS[wireApi](pieces).match(new RegExp(`[^]{1,${CHUNK_CHARS}}`, 'g')) ?? [];
  const took = async (read: () => Promise<number>) => {
    const before = process.cpuUsage();
    const events = await read();
    const { user, system } = process.cpuUsage(before);
    if (events < deltas) throw new Error(`${events} events were read of ${deltas}`);
    return user + system;
  };
  const ratios: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const floor = await took(() => byFloor(chunks));
    const keel = await took(() => byKeel(wireApi, chunks));
    // The first round compiles.
    if (round > 0) ratios.push(keel / floor);
  }
  return ratios.sort((one, other) => one - other)[Math.floor(ratios.length / 2)] ?? Number.NaN;
}
