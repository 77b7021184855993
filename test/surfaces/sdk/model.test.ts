import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  type CustomModel,
  Keel,
  type KeelOptions,
  type ModelOutput,
  type ModelRequest,
  type ModelTransport,
  type TransportRequest,
  tool,
} from '../../../src/surfaces/sdk/index.ts';
import { message, respond, startModelServer, usage } from '../../../src/testing/index.ts';
import { freshDirectory } from '../../support/fresh-places.ts';

const place = freshDirectory();
const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
});

async function threadWith(options: KeelOptions) {
  const env = { PATH: process.env['PATH'], HOME: place.path, OPENAI_API_KEY: 'sk-secret-0123456789' };
  const keel = new Keel({ cwd: place.path, home: place.path, sandbox: 'danger-full-access', env, ...options });
  const thread = await keel.startThread();
  open.push(thread);
  return thread;
}

/** A model that answers one request after the other with these pieces, and keeps what it was asked. */
function scripted(...answers: readonly (readonly ModelOutput[] | Error)[]) {
  const asked: ModelRequest[] = [];
  const customModel: CustomModel = {
    name: 'mine',
    contextWindow: 50_000,
    async *respond(request) {
      const answer = answers[asked.length] ?? [];
      asked.push(request);
      if (answer instanceof Error) throw answer;
      yield* answer;
    },
  };
  return { asked, customModel };
}

const text = (delta: string): ModelOutput => ({ type: 'text', delta });
const call = (name: string, args: object, id = 'c1'): ModelOutput => ({
  ...{ type: 'toolCall', id, name, arguments: JSON.stringify(args) },
});

describe('a model of the program\u2019s own', () => {
  test('streams thoughts and text, and its tokens are counted', async () => {
    const used: ModelOutput = { type: 'usage', inputTokens: 10, cachedInputTokens: 4, outputTokens: 3 };
    const { customModel, asked } = scripted([{ type: 'reasoning', delta: 'Hm.' }, text('Hel'), text('lo'), used]);
    const thread = await threadWith({ customModel });
    const deltas: string[] = [];
    for await (const event of thread.runStreamed('Hi')) {
      if (event.type === 'item.delta') deltas.push(event.delta);
      if (event.type === 'turn.completed') expect(event.lastAgentMessage).toBe('Hello');
    }
    expect(deltas.join('|')).toBe('Hm.|Hel|lo');
    expect(asked[0]).toMatchObject({ model: 'mine', outputSchema: null });
    expect(asked[0]?.messages[0]).toMatchObject({ type: 'system', text: expect.stringContaining('keel') });
    expect(asked[0]?.messages.at(-1)).toEqual({ type: 'user', text: 'Hi', images: [] });
  });

  test('calls tools of keel and of the program, several at once, and later requests start like earlier ones', async () => {
    const double = tool({
      ...{ name: 'double', description: 'Twice a number.', parameters: z.object({ n: z.int() }), readOnly: true },
      run: ({ n }) => String(n * 2),
    });
    place.write({ 'a.txt': 'in a file\n' });
    const { customModel, asked } = scripted(
      [text('Looking.'), call('double', { n: 4 }), call('exec_command', { cmd: 'cat a.txt' }, 'c2')],
      [text('8')],
    );
    const thread = await threadWith({ customModel, tools: [double] });
    const { finalResponse } = await thread.run('Twice 4?');
    expect(finalResponse).toBe('8');
    const [first, second] = asked;
    const before = first?.messages ?? [];
    expect(second?.messages.slice(0, before.length)).toEqual(before);
    expect(second?.messages.slice(before.length)).toEqual([
      {
        type: 'assistant',
        text: 'Looking.',
        calls: [
          { id: 'c1', name: 'double', arguments: '{"n":4}' },
          { id: 'c2', name: 'exec_command', arguments: '{"cmd":"cat a.txt"}' },
        ],
      },
      { type: 'toolResult', id: 'c1', text: '8' },
      { type: 'toolResult', id: 'c2', text: expect.stringContaining('in a file') },
    ]);
    expect(first?.tools.find(({ name }) => name === 'double')).toEqual({
      ...{ name: 'double', description: 'Twice a number.' },
      parameters: expect.objectContaining({ type: 'object', required: ['n'] }),
    });
    expect(first?.tools.every(({ parameters }) => parameters['type'] === 'object')).toBe(true);
  });

  test('gets images, and the schema that its answer has to fit', async () => {
    const { customModel, asked } = scripted([text('{"ok":true}')]);
    const thread = await threadWith({ customModel });
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' } },
      required: ['ok'],
      additionalProperties: false,
    };
    const image =
      'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
    const input = [
      { type: 'image', url: image },
      { type: 'text', text: 'What is it?' },
    ] as const;
    expect((await thread.run([...input], { outputSchema: schema })).finalResponse).toBe('{"ok":true}');
    expect(asked[0]?.outputSchema).toEqual(schema);
    expect(asked[0]?.messages.at(-1)).toEqual({ type: 'user', text: 'What is it?', images: [image] });
  });

  test.each<[string, readonly ModelOutput[]]>([
    ['at once', []],
    ['in the middle of an answer', [text('Half of')]],
  ])('that throws %s ends the turn with its message, and is not asked again for it', async (_, before) => {
    let count = 0;
    const customModel: CustomModel = {
      name: 'broken',
      async *respond() {
        count += 1;
        yield* before;
        if (count === 1) throw new Error('the weights are gone');
        yield text('better now');
      },
    };
    const thread = await threadWith({ customModel });
    await expect(thread.run('Hi')).rejects.toThrow(/the weights are gone/);
    expect(count).toBe(1);
    expect((await thread.run('And now?')).finalResponse).toMatch(/better now$/);
  });

  test('that does not stop is not waited for when the turn is interrupted', async () => {
    const stop = new AbortController();
    let heard: AbortSignal | null = null;
    const customModel: CustomModel = {
      name: 'deaf',
      async *respond(_, signal) {
        heard = signal;
        yield text('One ');
        stop.abort();
        await new Promise(() => undefined);
      },
    };
    const thread = await threadWith({ customModel });
    await expect(thread.run('Hi', { signal: stop.signal })).rejects.toMatchObject({ kind: 'interrupted' });
    expect(heard).toMatchObject({ aborted: true });
  });

  test('answers a review too', async () => {
    const review = {
      findings: [],
      overall_correctness: 'patch is correct',
      overall_explanation: 'fine',
      overall_confidence_score: 1,
    };
    const { customModel } = scripted([text(JSON.stringify(review))]);
    const thread = await threadWith({ customModel });
    const { output } = await thread.review({ type: 'custom', instructions: 'look' });
    expect(output).toMatchObject({ findings: [] });
  });

  test('excludes a transport', () => {
    const { customModel } = scripted();
    const transport: ModelTransport = { send: () => Promise.reject(new Error('not used')) };
    expect(() => new Keel({ customModel, transport })).toThrow(/customModel and transport are both given/);
  });
});

describe('a transport of the program\u2019s own', () => {
  test('carries the requests to the configured provider, with its key, and reads the answers as they come', async () => {
    await using server = await startModelServer([respond(message('Hello'), usage({ input: 1, output: 1 }))]);
    const sent: TransportRequest[] = [];
    const transport: ModelTransport = {
      async send(request, signal) {
        sent.push(request);
        const url = request.url.replace('https://api.example/v1', server.url);
        const answer = await fetch(url, {
          method: request.method,
          headers: request.headers,
          body: Buffer.from(request.body),
          signal,
        });
        const body = answer.body?.pipeThrough(new TextDecoderStream()) ?? new ReadableStream<string>();
        return { status: answer.status, headers: Object.fromEntries(answer.headers), text: body };
      },
    };
    const env = {
      PATH: process.env['PATH'],
      HOME: place.path,
      OPENAI_API_KEY: 'sk-secret-0123456789',
      OPENAI_BASE_URL: 'https://api.example/v1',
    };
    const thread = await threadWith({ transport, env });
    expect((await thread.run('Hi')).finalResponse).toBe('Hello');
    expect(sent).toEqual([expect.objectContaining({ method: 'POST', url: 'https://api.example/v1/responses' })]);
    const { authorization } = Object.fromEntries(
      Object.entries(sent[0]?.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    expect(authorization).toBe('Bearer sk-secret-0123456789');
  });

  test('that breaks is asked again as a broken connection is', async () => {
    let count = 0;
    const done =
      'data: {"type":"response.output_item.done","item":{"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok"}]}}\n\ndata: {"type":"response.completed","response":{"id":"r"}}\n\n';
    const transport: ModelTransport = {
      async send() {
        count += 1;
        if (count === 1) throw new Error('socket hang up');
        return {
          status: 200,
          headers: { 'content-type': 'text/event-stream' },
          text: (async function* () {
            yield done;
          })(),
        };
      },
    };
    const thread = await threadWith({ transport });
    expect((await thread.run('Hi')).finalResponse).toBe('ok');
    expect(count).toBe(2);
  });
});
