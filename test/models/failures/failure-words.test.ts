import { expect, test } from 'vitest';
import type { ModelError } from '../../../src/models/failures/index.ts';
import { clientOf, collect, failureOf, loopback, promptOf, providerAt, sse, userMessage } from '../support.ts';

interface Answer {
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const NOW = Date.parse('2026-03-01T12:00:00Z');

/** What keel makes of each of these answers; one server gives them all, in order. */
async function failuresOf(answers: readonly Answer[]): Promise<ModelError[]> {
  const server = await loopback((response, _, index) => {
    const { status = 400, body, headers = {} } = answers[index] ?? { body: {} };
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const client = clientOf(providerAt(server.baseUrl), { nowMs: () => NOW });
  const failures: ModelError[] = [];
  for (const _ of answers) failures.push(await failureOf(collect(client)));
  return failures;
}

const said = (message: string) => ({ body: { error: { message, type: 'invalid_request_error' } } });

/** As servers word it, some of them met nowhere else in the tests; and the limit where they name one. */
const FULL: readonly (readonly [Answer, number | null])[] = [
  [
    said(
      "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens (4000 in the messages, 5000 in the completion).",
    ),
    8_192,
  ],
  [{ body: { error: { message: 'x', code: 'context_length_exceeded' } } }, null],
  [said('Your input exceeds the context window of this model. Please adjust your input and try again.'), null],
  [
    {
      body: {
        object: 'error',
        message: 'The decoder prompt (length 5000) is longer than the maximum model length of 4096.',
        code: 400,
      },
    },
    4_096,
  ],
  [
    said(
      "You passed 32769 input tokens and requested 0 output tokens. However, the model's context length is only 32768 tokens.",
    ),
    32_768,
  ],
  [
    {
      status: 500,
      body: {
        error: {
          code: 500,
          message: 'the request exceeds the available context size. try increasing the context size',
          type: 'exceed_context_size_error',
        },
      },
    },
    null,
  ],
  [
    {
      body: {
        error: {
          code: 400,
          message: 'too big',
          type: 'exceed_context_size_error',
          n_prompt_tokens: 33_056,
          n_ctx: 32_768,
        },
      },
    },
    32_768,
  ],
  [
    { body: { error: 'The number of tokens to keep from the initial prompt is greater than the context length.' } },
    null,
  ],
  [
    {
      body: [
        {
          error: {
            code: 400,
            message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
            status: 'INVALID_ARGUMENT',
          },
        },
      ],
    },
    1_048_576,
  ],
  [
    said('Unable to submit request because the input token count is 40000 but model only supports up to 32768.'),
    32_768,
  ],
  [
    {
      body: {
        code: 'invalid-argument',
        error: "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
      },
    },
    131_072,
  ],
  [said('Please reduce the length of the messages or completion. Current length is 10000 while limit is 8192'), 8_192],
  [
    {
      body: {
        error: {
          message: 'prompt token count of 137500 exceeds the limit of 128000',
          code: 'model_max_prompt_tokens_exceeded',
        },
      },
    },
    128_000,
  ],
  [said('Invalid request: Your request exceeded model token limit: 262144'), 262_144],
  [{ body: { message: 'Input is too long for requested model.' } }, null],
  [said('invalid params, context window exceeds limit (2013)'), null],
  [
    {
      body: {
        message:
          'Prompt contains 200000 tokens and 0 draft tokens, too large for model with 131072 maximum context length',
        code: '3051',
      },
    },
    131_072,
  ],
  [said('prompt too long; exceeded max context length by 119046 tokens (ref: x)'), null],
  [said('prompt is too long: 230,000 tokens > 200,000 maximum'), 200_000],
  [said('input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000, decrease input length'), 200_000],
  [
    said(
      'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens and 20 `max_new_tokens`',
    ),
    4_096,
  ],
  [said('too many tokens: total number of tokens in the request cannot exceed 4081 - received 5000'), 4_081],
  [said('<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]'), 30_720],
  [said('Requested tokens (5000) exceed context window of 4096'), 4_096],
  [said('KV cache is full: a prompt of 9000 tokens does not fit in the context (n_ctx = 8192)'), 8_192],
  [said('This conversation is too long for the model, please start a new one'), null],
  [
    {
      body: {
        error: {
          message: 'Provider returned error',
          code: 400,
          metadata: {
            provider_name: 'P',
            raw: '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 230000 tokens > 200000 maximum"}}',
          },
        },
      },
    },
    200_000,
  ],
  [{ status: 413, body: '<html><body><h1>413 Request Entity Too Large</h1></body></html>' }, null],
  [{ status: 413, body: '' }, null],
  [
    {
      status: 413,
      body: {
        error: {
          message:
            'Request too large for model `x` on tokens per minute (TPM): Limit 8000, Requested 19000, please reduce your message size and try again.',
          code: 'rate_limit_exceeded',
        },
      },
    },
    8_000,
  ],
  [{ body: { error: { code: '1261', message: 'Prompt 超长' } } }, null],
];

test('a full window is known in every provider’s words, and the limit that some name is read', async () => {
  const failures = await failuresOf(FULL.map(([answer]) => answer));
  const found = failures.map(({ kind, retryable, windowTokens }) => ({ kind, retryable, windowTokens }));
  expect(found).toEqual(
    FULL.map(([, windowTokens]) => ({ kind: 'contextWindowExceeded', retryable: false, windowTokens })),
  );
});

test('limits of other things are no full window', async () => {
  const others = [
    'max_tokens is too large: 100000. This model supports at most 16384 completion tokens.',
    'max_tokens: 64000 > 32000, which is the maximum allowed number of output tokens',
    "This request would exceed your organization's rate limit of 40,000 input tokens per minute",
    'messages.3.content.1.image.source.base64: image exceeds 5 MB maximum: 6829432 bytes > 5242880 bytes',
    "Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64.",
    'thinking.budget_tokens must be less than max_tokens',
    'the tool list is too long',
    'You exceeded your current quota. Quota exceeded for metric: free_tier_input_token_count, limit: 250000',
    'After the optional system message, conversation roles must alternate user/assistant',
  ];
  const kinds = (await failuresOf(others.map(said))).map(({ kind }) => kind);
  expect(kinds).not.toContain('contextWindowExceeded');
});

test('keys, payment and filters are final whatever the status, and said in the server’s own words', async () => {
  const answers: readonly (readonly [Answer, string])[] = [
    [{ body: { code: 'invalid-argument', error: 'Incorrect API key provided.' } }, 'unauthorized'],
    [{ body: [{ error: { code: 400, message: 'API key not valid. Please pass a valid API key.' } }] }, 'unauthorized'],
    [
      { status: 402, body: { error: { message: 'Insufficient Balance', code: 'invalid_request_error' } } },
      'quotaExceeded',
    ],
    [{ status: 403, body: { error: { message: 'requires moderation' } } }, 'unauthorized'],
    [{ status: 429, body: { error: { message: 'pay', type: 'insufficient_quota' } } }, 'quotaExceeded'],
    [{ body: { error: { message: 'policy', code: 'content_filter' } } }, 'badRequest'],
    [{ status: 500, body: { error: { message: 'policy', code: 'content_filter' } } }, 'badRequest'],
  ];
  const failures = await failuresOf(answers.map(([answer]) => answer));
  expect(failures.map(({ kind, retryable }) => [kind, retryable])).toEqual(answers.map(([, kind]) => [kind, false]));
  expect(failures[0]?.message).toContain('the environment variable TEST_KEY');
});

test('how long to wait is read from headers, fields and words, and capped', async () => {
  const limited = { error: { message: 'slow down' } };
  const date = (ms: number) => new Date(NOW + ms);
  const waits: readonly (readonly [Answer, number | undefined])[] = [
    [{ body: limited, headers: { 'retry-after': '2.5' } }, 2_500],
    [{ body: limited, headers: { 'retry-after': date(4_000).toUTCString() } }, 4_000],
    [{ body: limited, headers: { 'retry-after-ms': '250', 'retry-after': '9' } }, 250],
    [
      { body: limited, headers: { 'x-ratelimit-reset-requests': '1m2.5s', 'x-ratelimit-remaining-requests': '0' } },
      60_000,
    ],
    [
      {
        body: limited,
        headers: {
          'x-ratelimit-reset-requests': '23h',
          'x-ratelimit-remaining-requests': '9',
          'x-ratelimit-reset-tokens': '7.66s',
          'x-ratelimit-remaining-tokens': '0',
        },
      },
      7_660,
    ],
    [{ body: limited, headers: { 'x-ratelimit-reset': String(NOW + 5_000), 'x-ratelimit-remaining': '0' } }, 5_000],
    [
      {
        body: limited,
        headers: {
          'anthropic-ratelimit-tokens-reset': date(3_000).toISOString(),
          'anthropic-ratelimit-tokens-remaining': '0',
        },
      },
      3_000,
    ],
    [
      {
        body: [
          {
            error: {
              code: 429,
              status: 'RESOURCE_EXHAUSTED',
              message: 'quota',
              details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '5.5s' }],
            },
          },
        ],
      },
      5_500,
    ],
    [{ body: said('Please try again in 4s.').body }, 4_000],
    [{ body: said('Please retry after 20 seconds.').body }, 20_000],
    [{ body: said('Please try again in 6m0s. Visit the site.').body }, 60_000],
    [{ body: limited }, undefined],
  ];
  const failures = await failuresOf(waits.map(([answer]) => ({ status: 429, ...answer })));
  expect(failures.map(({ retryAfterMs, retryable }) => [retryAfterMs, retryable])).toEqual(
    waits.map(([, ms]) => [ms, true]),
  );
  expect(failures.every(({ pace }) => pace === 'minute')).toBe(true);
});

test.each([
  ['an object that calls itself an error', 'data: {"object":"error","message":"EngineCore died","code":500}\n\n', true],
  ['an array', 'data: [{"error":{"code":503,"message":"EngineCore died"}}]\n\n', true],
  ['an event of that name', 'event: error\ndata: EngineCore died\n\n', true],
  ['a line that is no field', ': hi\n\nerror: {"error":{"message":"EngineCore died","code":500}}\n\n', true],
  ['bare JSON behind events', 'data: {"type":"ping"}\n\n{"error":{"message":"EngineCore died"}}\n\n', true],
  ['a status of its own', 'data: {"error":{"code":402,"message":"EngineCore died"}}\n\n', false],
  ['a filter', 'data: {"error":{"code":"content_filter","message":"EngineCore died"}}\n\n', false],
  ['plain text in place of a stream', 'EngineCore died', true],
])('an error in a stream of status 200 ends it in its own words: %s', async (_, text, retryable) => {
  const server = await loopback((response) => response.writeHead(200).end(text));
  const failure = await failureOf(collect(clientOf(providerAt(server.baseUrl))));
  expect(failure).toMatchObject({ retryable, message: expect.stringContaining('EngineCore died') });
});

test('a whole JSON answer in place of a stream is used', async () => {
  const item = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hi' }] };
  const answer = {
    id: 'r1',
    object: 'response',
    status: 'completed',
    output: [item],
    usage: { input_tokens: 3, output_tokens: 1 },
  };
  const server = await loopback((response) => response.end(JSON.stringify(answer, null, 2)));
  const events = await collect(clientOf(providerAt(server.baseUrl)));
  expect(events.map(({ type }) => type)).toEqual(['created', 'itemDone', 'completed']);
  expect(events.at(-1)).toMatchObject({ responseId: 'r1', usage: { total_tokens: 4 } });
});

test('what a response says of its own end counts, not the name of the event', async () => {
  const ended = (response: object) => sse({ type: 'response.completed', response: { id: 'r', ...response } });
  const streams = [
    ended({ status: 'failed', error: { code: 'server_error', message: 'engine died' } }),
    ended({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } }),
  ];
  const server = await loopback((response, _, index) => response.writeHead(200).end(streams[index]));
  const client = clientOf(providerAt(server.baseUrl));
  const ask = () => failureOf(collect(client, promptOf({ input: [userMessage('x')] })));
  expect(await ask()).toMatchObject({ retryable: true, message: expect.stringContaining('engine died') });
  expect(await ask()).toMatchObject({ retryable: false, message: expect.stringContaining('content_filter') });
});

test('a server that lets a model call no tools is quoted, with what to do', async () => {
  const words = [
    'gemma:2b does not support tools',
    '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
    'tools param requires --jinja flag',
  ];
  for (const failure of await failuresOf(words.map(said))) {
    expect(failure.kind).toBe('badRequest');
    expect(failure.message).toMatch(/does not let this model call tools.*keel provider test.*\(.+\)$/);
  }
});
