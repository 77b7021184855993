import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  failed,
  functionCall,
  httpError,
  message,
  type RecordedRequest,
  type Response,
  reasoning,
  respond,
  type Script,
  usage,
} from '../../../../src/testing/index.ts';
import { liveSession } from '../../../support/sessions/live-session.ts';

const { live, open, reopen, repo, serve, server } = liveSession();

/** A provider of the user's own, with an API of its choice. */
const provider = (url: string, api: string) => [
  'model_provider="mine"',
  `model_providers.mine={name="mine",base_url="${url}",wire_api="${api}"}`,
];

async function openAs(api: string, script: Script, overrides: readonly string[] = []): Promise<void> {
  await serve(script);
  await reopen({ overrides: [...provider(server.url, api), ...overrides] });
}

async function resume(): Promise<void> {
  const { threadId } = live.session;
  await live[Symbol.asyncDispose]();
  const options = { origin: { type: 'resume', id: threadId } } as const;
  await reopen({ options });
}

const ok = respond(message('ok'), usage({ total: 100 }));
const shell = (script: string, id: string) => functionCall('shell', { command: ['bash', '-c', script] }, id);
const tooLong = (words: string): Response =>
  httpError(400, { error: { message: words, type: 'invalid_request_error' } });
const SUMMARY = '## Goal\ng\n## Constraints\nc\n## State\ns\n## Findings\nf\n## Decisions\nd\n## Next\nn';
const warnings = () => live.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
const kinds = () => server.requests.map(({ headers }) => headers['codex-task-type']);

describe('a full window', () => {
  test('is acted on in the turn: the conversation is compacted, and the turn continues with the smaller one', async () => {
    await open([
      respond(shell('echo seen', 'c1'), usage({ total: 100 })),
      tooLong('Input is too long for requested model.'),
      respond(message(SUMMARY)),
      ok,
    ]);
    expect(await live.say('go')).toMatchObject({ status: 'completed', lastAgentMessage: 'ok' });
    expect(kinds()).toEqual(['regular', 'regular', 'compact', 'regular']);
    expect(server.requests[3]?.textsOf('user').at(-1)).toContain('<keel_handover>');
    const told = live.events.find((event) => event.type === 'error');
    expect(told).toMatchObject({ willRetry: true, error: { kind: 'contextWindowExceeded' } });
    const full = live.events.find(
      (e) => e.type === 'usage.updated' && e.info?.total_token_usage.total_tokens === 258_400,
    );
    expect(full).toBeDefined();
    expect(live.events.filter((event) => event.type === 'turn.started')).toHaveLength(1);
  });

  test('that stays full after that ends the turn: nothing is sent twice', async () => {
    const words = 'prompt is too long: 9000 tokens > 8000 maximum';
    const script: Script = ({ body, input }) => {
      if (body['tool_choice'] === 'none') return respond(message(SUMMARY));
      return input.some((item) => item['type'] === 'function_call') || server.requests.length === 1
        ? server.requests.length === 1
          ? respond(shell('echo x', 'c1'))
          : tooLong(words)
        : tooLong(words);
    };
    await open(script);
    expect(await live.say('go')).toMatchObject({ status: 'failed', error: { kind: 'contextWindowExceeded' } });
    const sent = server.requests.map(({ text }) => text);
    expect(new Set(sent).size).toBe(sent.length);
    expect(kinds()).toEqual(['regular', 'regular', 'compact', 'regular']);
  });

  test('whose true limit the server names is kept for the model: later turns compact before they reach it', async () => {
    const limit = 4_096;
    const script: Script = ({ body, text }) => {
      if (body['tool_choice'] === 'none') return respond(message(SUMMARY));
      const tokens = Math.ceil(text.length / 4);
      if (tokens > limit)
        return tooLong(`This model's maximum context length is ${limit} tokens. However, you sent more.`);
      return respond(message('ok'), usage({ total: tokens }));
    };
    await open(script, { overrides: ['model="some-model"'] });
    for (let turn = 0; turn < 14; turn += 1) {
      expect(await live.say(`turn ${turn} ${'word '.repeat(300)}`)).toMatchObject({ status: 'completed' });
    }
    const refused = live.events.filter((event) => event.type === 'error');
    expect(refused).toHaveLength(1);
    expect(kinds().filter((kind) => kind === 'compact').length).toBeGreaterThan(1);
  });

  test.each([4_096, 8_192, 16_384, 24_576])('of %i tokens stays alive over 70 turns', async (window) => {
    const script: Script = ({ text, input }) => {
      const tokens = Math.ceil(text.length / 4);
      if (tokens > window) return tooLong('Your input exceeds the context window of this model.');
      const said = JSON.stringify(input.at(-1));
      if (said.includes('nearly filled')) return respond(message(SUMMARY), usage({ total: tokens }));
      return respond(message('done '.repeat(20)), usage({ total: tokens + 25 }));
    };
    await open(script, { overrides: [`model_context_window=${window}`] });
    let compacted = 0;
    for (let turn = 1; turn <= 70; turn += 1) {
      const before = server.requests.length;
      expect(
        await live.say(`turn ${turn} ${'lorem ipsum dolor sit '.repeat(window === 4_096 ? 45 : 90)}`),
      ).toMatchObject({
        status: 'completed',
      });
      if (server.requests.length > before + 1) compacted += 1;
    }
    expect(compacted).toBeGreaterThan(0);
    expect(compacted).toBeLessThan(35);
  });

  test('takes large results of tools in parts that fit it', async () => {
    const script: Script = ({ text, input }) => {
      if (Math.ceil(text.length / 4) > 4_096) return tooLong('Your input exceeds the context window of this model.');
      if (JSON.stringify(input.at(-1)).includes('nearly filled')) return respond(message(SUMMARY));
      const calls = server.requests.length;
      return calls < 12 ? respond(shell('seq 1 5000', `c${calls}`)) : respond(message('done'));
    };
    await open(script, { overrides: ['model_context_window=4096'] });
    expect(await live.say('count')).toMatchObject({ status: 'completed', lastAgentMessage: 'done' });
    const outputs = server.requests.flatMap(({ input }) => input.filter(({ type }) => type === 'function_call_output'));
    const sizes = outputs.map((item) => JSON.stringify(item['output']).length);
    expect(Math.max(...sizes)).toBeLessThan(2_000);
  });

  test.each([8_192, 272_000])(
    'of %i tokens: a message that would fill it is cut, and the user is notified',
    async (window) => {
      await open(() => ok, { overrides: [`model_context_window=${window}`] });
      await live.say('hello');
      expect(await live.say(`start ${'line of pasted text\n'.repeat(window / 2)} end`)).toMatchObject({
        status: 'completed',
      });
      const kept = server.requests[1]?.textsOf('user').find((text) => text.startsWith('start')) ?? '';
      expect(Buffer.byteLength(kept)).toBeLessThan(window * 4 * 0.6);
      expect(kept).toMatch(/…\d+ tokens truncated…[\s\S]* end$/);
      expect(warnings()).toContainEqual(expect.stringContaining('too long for the model'));
    },
  );
});

describe('a response that answers nothing', () => {
  test.each([
    ['no item', respond()],
    ['an empty text', respond(message(' \n'))],
    ['only thoughts', respond(reasoning(['hm']))],
  ])('is asked for again: %s', async (_, empty) => {
    await open([empty, ok]);
    expect(await live.say('go')).toMatchObject({ status: 'completed', lastAgentMessage: 'ok' });
    expect(server.requests).toHaveLength(2);
  });

  test('fails the turn the third time', async () => {
    await open([respond(), respond(), respond(), ok]);
    expect(await live.say('go')).toMatchObject({
      status: 'failed',
      error: { kind: 'noAnswer', message: expect.stringContaining('no answer') },
    });
    expect(server.requests).toHaveLength(3);
    expect(await live.say('again')).toMatchObject({ status: 'completed' });
  });

  test.each(['tool_use_failed', 'malformed_function_call'])(
    'is one whose call the server could not use (%s)',
    async (code) => {
      await open([
        httpError(400, { error: { message: 'Failed to call a function.', code } }),
        respond(failed({ code })),
        ok,
      ]);
      expect(await live.say('go')).toMatchObject({ status: 'completed' });
      expect(server.requests).toHaveLength(3);
    },
  );
});

describe('what a server refuses', () => {
  const refusing =
    (isRefused: (request: RecordedRequest) => boolean, status: number, words: string): Script =>
    (request) =>
      isRefused(request) ? httpError(status, { error: { message: words, type: 'invalid_request_error' } }) : ok;

  test.each([400, 422])(
    'of the form of a request is adapted to once, and the setting for it is named (%i)',
    async (status) => {
      const words = 'Extra inputs are not permitted: stream_options.include_usage';
      await openAs(
        'chat',
        refusing(({ body }) => body['stream_options'] !== undefined, status, words),
      );
      expect(await live.say('one')).toMatchObject({ status: 'completed' });
      expect(await live.say('two')).toMatchObject({ status: 'completed' });
      expect(server.requests).toHaveLength(3);
      expect(warnings()).toContainEqual(
        expect.stringContaining('model_providers.mine.quirks.stream_options = "omitted"'),
      );
    },
  );

  test('is not even sent where the setting says so', async () => {
    await openAs('chat', () => ok, ['model_providers.mine.quirks.stream_options="omitted"']);
    await live.say('one');
    expect(server.requests[0]?.body['stream_options']).toBeUndefined();
  });

  const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
  const hasPicture = ({ text }: RecordedRequest) => text.includes('data:image/');
  const picture = () => writeFileSync(join(repo.path, 'p.png'), Buffer.from(pixel, 'base64'));
  const refusal = httpError(400, { error: { message: 'Could not process image', code: 'invalid_image' } });

  test('of pictures is taken out: the turn continues, and so does a resumed thread', async () => {
    picture();
    await open((request) => (hasPicture(request) ? refusal : ok));
    const items = [
      { type: 'localImage', path: 'p.png' },
      { type: 'text', text: 'look' },
    ] as const;
    expect(await live.turn({ type: 'userInput', items: [...items] })).toMatchObject({ status: 'completed' });
    expect(server.requests[1]?.lastUserText).toContain('The provider refused it');
    expect(warnings()).toContainEqual(expect.stringContaining('the newest picture'));
    const sent = server.requests[1];
    await resume();
    await live.say('and now');
    expect(server.requests).toHaveLength(3);
    if (sent) server.requests[2]?.assertExtends(sent);
  });

  test('of the newest picture leaves the earlier ones, unless these are refused too', async () => {
    picture();
    const look = (id: string) => respond(functionCall('view_image', { path: 'p.png' }, id));
    const count = ({ text }: RecordedRequest) => text.split('data:image/').length - 1;
    await open((request, index) =>
      index === 0 ? look('a') : index === 1 ? look('b') : count(request) > 1 ? refusal : ok,
    );
    expect(await live.say('look')).toMatchObject({ status: 'completed' });
    const last = server.requests.at(-1);
    expect(last && count(last)).toBe(1);
  });

  test('of thoughts, as another account has signed them, is taken out', async () => {
    const words = 'The encrypted content gAAA could not be verified.';
    await open((request, index) =>
      index === 0
        ? respond(reasoning(['hm'], { encrypted: 'gAAA' }), shell('echo x', 'c1'))
        : request.text.includes('gAAA')
          ? httpError(400, { error: { message: words, code: 'invalid_encrypted_content' } })
          : ok,
    );
    expect(await live.say('go')).toMatchObject({ status: 'completed' });
    expect(server.requests).toHaveLength(3);
  });
});

test('a budget of tokens holds where the server reports no usage', async () => {
  await open(({ input }) => respond(shell('seq 1 500', `c${input.length}`)), { overrides: ['budget.tokens=8000'] });
  expect(await live.say('go')).toMatchObject({ status: 'failed', error: { kind: 'budgetExceeded' } });
  expect(server.requests.length).toBeLessThan(8);
});

describe('a final message that has to fit a schema', () => {
  const schema = {
    type: 'object',
    properties: { n: { type: 'integer' } },
    required: ['n'],
    additionalProperties: false,
  };
  const ask = () => live.turn({ type: 'userInput', items: [{ type: 'text', text: 'go' }], outputSchema: schema });
  const checked = { options: { checksOutput: true } };

  test('is asked for again where it does not', async () => {
    await open([respond(message('here: {"n":1}')), respond(message('{"n":1}'))], checked);
    expect(await ask()).toMatchObject({ status: 'completed', lastAgentMessage: '{"n":1}' });
    expect(server.requests[1]?.lastUserText).toContain('does not fit the output schema');
  });

  test('fails the turn where it never does', async () => {
    await open([respond(message('{"n":"one"}')), respond(message('{"n":1.5}'))], checked);
    expect(await ask()).toMatchObject({ status: 'failed', error: { kind: 'noAnswer' } });
    expect(server.requests).toHaveLength(2);
  });
});

describe('a server that asks to be asked later', () => {
  const busy = (headers: Readonly<Record<string, string>>) =>
    httpError(429, { error: { message: 'slow down', code: 'rate_limit_exceeded' } }, headers);
  const reported = () => live.events.flatMap((event) => (event.type === 'error' ? [event] : []));

  test('model 20: is asked after the time that it names, and the wait is reported', { retry: 2 }, async () => {
    await open([busy({ 'retry-after': '1' }), ok]);
    expect(await live.say('go')).toMatchObject({ status: 'completed' });
    const [first, second] = server.requests;
    const gap = (second?.arrivedAt ?? 0) - (first?.arrivedAt ?? 0);
    expect(gap).toBeGreaterThanOrEqual(995);
    expect(gap).toBeLessThan(1_400);
    expect(second?.text).toBe(first?.text);
    expect(reported()).toMatchObject([
      { willRetry: true, error: { message: expect.stringMatching(/^Reconnecting\.\.\. 1\/4 in 1 s .*slow down/) } },
    ]);
  });

  test('request_max_retries=2 makes three requests, and the error says that they are used up', async () => {
    await open(() => busy({ 'retry-after-ms': '5' }), {
      overrides: ['model_providers.openai.request_max_retries=2'],
    });
    expect(await live.say('go')).toMatchObject({
      status: 'failed',
      error: {
        kind: 'responseTooManyFailedAttempts',
        httpStatus: 429,
        message: expect.stringMatching(/^exceeded retry limit, last status: 429\. .*slow down/),
      },
    });
    expect(server.requests).toHaveLength(3);
    expect(reported().map(({ willRetry }) => willRetry)).toEqual([true, true, false]);
  });

  test('model 26: an interrupt ends the wait at once, and nothing is asked again', async () => {
    await open([busy({ 'retry-after': '50' }), ok]);
    const turn = live.say('go');
    await live.next('error');
    const startedAt = performance.now();
    live.session.submit({ type: 'interrupt' });
    expect(await turn).toMatchObject({ status: 'interrupted' });
    expect(performance.now() - startedAt).toBeLessThan(20_000);
    expect(server.requests).toHaveLength(1);
  });
});
