import { createParser } from 'eventsource-parser';
import { modelInfo, ServerFacts } from '../src/models/catalogue/index.ts';
import { loadWire, ModelClient, type Transport } from '../src/models/client/index.ts';
import type { ModelProvider } from '../src/storage/config/index.ts';

const CHUNK_CHARS = 16 * 1024;

/** What a long answer of the Responses API looks like: mostly deltas, with all the fields that go with them. */
function answerOf(deltas: number): string[] {
  const item = { id: 'msg_1', type: 'message', status: 'completed', role: 'assistant' };
  const place = { item_id: 'msg_1', output_index: 0, content_index: 0 };
  const pieces = Array.from({ length: deltas }, (_, at) => `word${at % 10} `);
  const content = [{ type: 'output_text', text: pieces.join(''), annotations: [], logprobs: [] }];
  const events = [
    { type: 'response.created', response: { id: 'resp_1', status: 'in_progress' } },
    ...pieces.map((delta) => ({
      type: 'response.output_text.delta',
      ...place,
      delta,
      logprobs: [],
      obfuscation: 'x8KpQ2',
    })),
    { type: 'response.output_item.done', output_index: 0, item: { ...item, content } },
    {
      type: 'response.completed',
      response: { id: 'resp_1', status: 'completed', output: [{ ...item, content }], usage: null },
    },
  ];
  const text = events
    .map((event, at) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: at })}\n\n`)
    .join('');
  return text.match(new RegExp(`[^]{1,${CHUNK_CHARS}}`, 'g')) ?? [];
}

/** The same chunks as keel reads them, from a connection to events of the model. */
async function byKeel(chunks: readonly string[]): Promise<number> {
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
    ...{ id: 'bench', name: 'Bench', baseUrl: 'http://127.0.0.1:9/v1', wireApi: 'responses', queryParams: {} },
    ...{ httpHeaders: {}, envHttpHeaders: {}, requestMaxRetries: 0, streamMaxRetries: 0 },
    ...{ streamIdleTimeoutMs: 30_000, requiresOpenaiAuth: false },
  };
  const client = new ModelClient({
    ...{ wire: await loadWire('responses'), provider, model: modelInfo('gpt-5'), threadId: 't', effort: null },
    ...{ summary: 'auto', verbosity: null, originator: 'keel_bench', userAgent: 'keel_bench', sessionSource: 'cli' },
    serverFacts: new ServerFacts(provider),
    credentials: () => ({ bearer: 'key', source: 'bench', headers: {} }),
    transport,
  });
  let events = 0;
  const prompt = { instructions: '', input: [], tools: [], parallelToolCalls: false };
  for await (const _ of client.stream(prompt, { taskKind: 'regular', signal: new AbortController().signal }))
    events += 1;
  return events;
}

/** The least that has to be done with them: the parser alone, and each event's JSON. */
async function byFloor(chunks: readonly string[]): Promise<number> {
  let events = 0;
  const parser = createParser({
    onEvent({ data }) {
      JSON.parse(data);
      events += 1;
    },
  });
  for await (const chunk of chunks) parser.feed(chunk);
  return events;
}

/** Processor time of keel's decoding of a long answer, divided by that of the floor. The cheapest of several rounds each. */
export async function decodingRatio(deltas: number, rounds = 7): Promise<number> {
  const chunks = answerOf(deltas);
  const best = { keel: Number.POSITIVE_INFINITY, floor: Number.POSITIVE_INFINITY };
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, read] of [
      ['keel', byKeel],
      ['floor', byFloor],
    ] as const) {
      const before = process.cpuUsage();
      const events = await read(chunks);
      const { user, system } = process.cpuUsage(before);
      if (events < deltas) throw new Error(`${name} read ${events} events of ${deltas}`);
      // The first round compiles.
      if (round > 0) best[name] = Math.min(best[name], user + system);
    }
  }
  return best.keel / best.floor;
}
