import { describe, expect, test } from 'vitest';
import {
  clientOf,
  collect,
  completed,
  created,
  failureOf,
  itemDone,
  loopback,
  providerAt,
  refusing,
  respond,
  sse,
  streamFailure,
  streaming,
} from '../support.ts';

const failed = (error: object) => ({ type: 'response.failed', response: { id: 'r', error } });

async function statusFailure(status: number, body: string, headers: Record<string, string> = {}) {
  const server = await refusing(status, body, headers);
  const error = await failureOf(collect(clientOf(providerAt(server.baseUrl), { nowMs: () => 1_700_000_000_000 })));
  expect(server.requests).toHaveLength(1);
  return error;
}

describe('a server that echoes what it was sent', () => {
  const headers = { 'X-Extra': 'header-secret-2' };
  const credentials = () => ({ bearer: 'sesame-street-1', source: 'a variable', headers });
  const echoed = [
    'sesame-street-1',
    'Bearer sesame-street-1',
    'header-secret-2',
    encodeURIComponent('sesame-street-1 '),
  ];

  test.each(['x-request-id', 'request-id', 'cf-ray'])('in %s, in any of its forms', async (name) => {
    for (const text of echoed) {
      const server = await refusing(401, '{"error":{"message":"no"}}', { [name]: text });
      const error = await failureOf(collect(clientOf(providerAt(server.baseUrl), { credentials })));
      expect(error.message).not.toMatch(/sesame-street|header-secret/);
      expect(error.message).toContain('***');
    }
  });

  test.each([400, 401, 404, 500])('in the body of a %s, and in its redirect', async (status) => {
    for (const text of echoed) {
      const server = await refusing(status, `{"error":{"message":"got ${text}"}}`, { location: `/${text}` });
      const error = await failureOf(collect(clientOf(providerAt(server.baseUrl), { credentials })));
      expect(error.message).not.toMatch(/sesame-street|header-secret/);
    }
  });

  test('in the words beside the status', async () => {
    const server = await loopback((response) => response.writeHead(400, 'got sesame-street-1').end('{}'));
    const error = await failureOf(collect(clientOf(providerAt(server.baseUrl), { credentials })));
    expect(error.message).toMatch(/^unexpected status 400 got \*\*\*/);
  });
});

describe('failed streams', () => {
  test('model 15: an end before completed is a lost stream that may be retried', async () => {
    const error = await streamFailure(created, itemDone({ type: 'x' }));

    expect(error).toMatchObject({ kind: 'responseStreamDisconnected', phase: 'stream', retryable: true });
    expect(error.message).toBe('stream disconnected before completion: stream closed before response.completed');
  });

  test('a connection that breaks in the middle is a lost stream that may be retried', async () => {
    const server = await loopback((response) => {
      response.writeHead(200).write(sse(created), () => response.destroy());
    });
    const error = await failureOf(collect(clientOf(providerAt(server.baseUrl))));

    expect(error).toMatchObject({ kind: 'responseStreamDisconnected', phase: 'stream', retryable: true });
  });

  test.each([
    ['before the headers', false],
    ['after the headers', true],
  ])('model 17: silence %s fails as idle and may be retried', async (_, withHeaders) => {
    const server = await loopback((response) => {
      if (withHeaders) response.writeHead(200).write(sse(created));
    });
    const client = clientOf(providerAt(server.baseUrl, { streamIdleTimeoutMs: 150 }));
    const error = await failureOf(collect(client));

    expect(error).toMatchObject({ kind: 'responseStreamDisconnected', phase: 'stream', retryable: true });
    expect(error.message).toContain('idle timeout waiting for SSE');
  });

  test.each([
    ['{"error":{"message":"no such model","type":"invalid_request_error"}}', 'no such model', false],
    ['{"error":"model is loading"}', 'model is loading', true],
    ['<html>Please log in</html>', 'no event stream but <html>Please log in', true],
  ])('an answer that is no event stream is reported in its own words: %s', async (text, words, retryable) => {
    const server = await streaming(text);
    expect(await failureOf(collect(clientOf(providerAt(server.baseUrl))))).toMatchObject({
      phase: 'stream',
      retryable,
      message: expect.stringContaining(words),
    });
  });

  test('comments keep a stream alive, as gateways send them while the model thinks', async () => {
    const server = await loopback((response) => {
      response.writeHead(200);
      let pings = 0;
      const timer = setInterval(() => {
        pings += 1;
        if (pings > 30) response.end(sse(completed));
        else response.write(': OPENROUTER PROCESSING\n\n');
      }, 50);
      response.on('close', () => clearInterval(timer));
    });
    const client = clientOf(providerAt(server.baseUrl, { streamIdleTimeoutMs: 1_200 }));

    expect(await collect(client)).toHaveLength(1);
  });

  test('events of unknown type keep a stream alive', async () => {
    const server = await loopback((response) => {
      response.writeHead(200);
      let pings = 0;
      const timer = setInterval(() => {
        pings += 1;
        if (pings > 30) response.end(sse(completed));
        else response.write(sse({ type: 'ping' }));
      }, 50);
      response.on('close', () => clearInterval(timer));
    });
    const client = clientOf(providerAt(server.baseUrl, { streamIdleTimeoutMs: 1_200 }));

    expect(await collect(client)).toHaveLength(1);
  });

  test('a slow reader is not taken for a silent server', async () => {
    const server = await loopback((response) => {
      response.writeHead(200).write(sse(created, { type: 'response.output_text.delta', delta: 'x' }));
      setTimeout(() => response.end(sse(completed)), 450);
    });
    const client = clientOf(providerAt(server.baseUrl, { streamIdleTimeoutMs: 250 }));
    const seen: string[] = [];
    for await (const events of client.stream(
      { instructions: '', input: [], tools: [], parallelToolCalls: false },
      { taskKind: 'regular', signal: new AbortController().signal },
    )) {
      seen.push(...events.map(({ type }) => type));
      if (events[0]?.type === 'created') await new Promise((resolve) => setTimeout(resolve, 400));
    }

    expect(seen).toEqual(['created', 'textDelta', 'completed']);
  });

  test.each([
    ['Please try again in 28ms.', 28],
    ['Rate limit reached. Please try again in 1.898s. Visit the site', 1898],
    ['try again in 2 seconds', 2000],
    ['Please try again in 900s', 60_000],
    ['no delay told', undefined],
  ])('model 18: rate_limit_exceeded with "%s" may be retried after %s ms', async (message, retryAfterMs) => {
    const error = await streamFailure(failed({ code: 'rate_limit_exceeded', message }));

    expect(error).toMatchObject({ kind: 'serverOverloaded', phase: 'stream', retryable: true });
    expect(error.retryAfterMs).toBe(retryAfterMs);
    expect(error.message).toContain(message);
  });

  test.each(['too long', 'too\nlong'])('model 19: context_length_exceeded (%j) is final', async (message) => {
    const error = await streamFailure(failed({ code: 'context_length_exceeded', message }));

    expect(error).toMatchObject({ kind: 'contextWindowExceeded', phase: 'stream', retryable: false });
  });

  test.each([
    [{ code: 'insufficient_quota', message: 'pay' }, 'quotaExceeded', false],
    [{ code: 'usage_not_included', message: 'plan' }, 'quotaExceeded', false],
    [{ code: 'invalid_prompt', message: 'bad' }, 'badRequest', false],
    [{ code: 'invalid_image', message: 'bad' }, 'badRequest', false],
    [{ code: 'image_too_large', message: 'bad' }, 'badRequest', false],
    [{ type: 'authentication_error', message: 'key' }, 'unauthorized', false],
    [{ code: 'server_is_overloaded', message: 'busy' }, 'serverOverloaded', true],
    [{ type: 'overloaded_error', message: 'busy' }, 'serverOverloaded', true],
    [{ code: 'server_error', message: 'oops' }, 'responseStreamDisconnected', true],
    [{}, 'responseStreamDisconnected', true],
  ])('a failed response with %j is %s, retryable: %s', async (wire, kind, retryable) => {
    expect(await streamFailure(failed(wire))).toMatchObject({ kind, retryable, phase: 'stream' });
  });

  test.each([
    ['flat', { type: 'error', code: 'insufficient_quota', message: 'pay', param: null }],
    ['nested', { type: 'error', error: { type: 'insufficient_quota', message: 'pay' } }],
  ])('a top-level error event (%s) ends the stream like a failed response', async (_, event) => {
    expect(await streamFailure(created, event)).toMatchObject({ kind: 'quotaExceeded', retryable: false });
  });

  test('a top-level error event of no known code may be retried', async () => {
    expect(await streamFailure({ type: 'error', code: 'server_error', message: 'oops' })).toMatchObject({
      retryable: true,
      message: "the model's response failed: oops",
    });
  });

  test('an incomplete response is final and says why', async () => {
    const error = await streamFailure({
      type: 'response.incomplete',
      response: { id: 'r', incomplete_details: { reason: 'max_output_tokens' } },
    });

    expect(error).toMatchObject({ phase: 'stream', retryable: false });
    expect(error.message).toBe('Incomplete response returned, reason: max_output_tokens');
  });

  test('completed without a response id is a lost stream', async () => {
    expect(await streamFailure({ type: 'response.completed', response: {} })).toMatchObject({
      kind: 'responseStreamDisconnected',
      retryable: true,
    });
  });
});

describe('failed requests', () => {
  test.each([500, 502, 504, 408, 409, 425])(
    'model 22: status %s is one request that may be retried',
    async (status) => {
      expect(await statusFailure(status, 'down')).toMatchObject({
        kind: 'httpConnectionFailed',
        phase: 'request',
        httpStatus: status,
        retryable: true,
      });
    },
  );

  test.each([429, 503, 529])('model 20: status %s may be retried when the server says', async (status) => {
    const error = await statusFailure(status, '{}', { 'Retry-After': '1' });

    expect(error).toMatchObject({ kind: 'serverOverloaded', retryable: true, retryAfterMs: 1000 });
  });

  test.each([
    ['3600', 60_000],
    ['1.5', 1_500],
    ['Tue, 14 Nov 2023 22:13:27 GMT', 7_000],
    ['Fri, 31 Dec 1999 23:59:59 GMT', undefined],
  ])('Retry-After %s gives a delay of %s ms', async (header, delay) => {
    expect((await statusFailure(429, '', { 'Retry-After': header })).retryAfterMs).toBe(delay);
  });

  test('model 21: a usage limit is final, says when it ends, and carries the limits', async () => {
    const body = { error: { type: 'usage_limit_reached', plan_type: 'pro', resets_at: 1_700_000_000 + 93_780 } };
    const error = await statusFailure(429, JSON.stringify(body), {
      'x-codex-primary-used-percent': '100',
      'x-codex-primary-window-minutes': '300',
    });

    expect(error).toMatchObject({ kind: 'usageLimitExceeded', retryable: false, httpStatus: 429 });
    expect(error.message).toBe('You have reached your usage limit. Try again in 1 day 2 hours 3 minutes.');
    expect(error.rateLimits?.primary).toEqual({ used_percent: 100, window_minutes: 300, resets_at: null });
  });

  test.each([
    [1_700_000_059, 'in less than a minute'],
    [1_699_000_000, 'in less than a minute'],
    [1_700_003_600, 'in 1 hour'],
    [null, 'later'],
  ])('a usage limit that resets at %s says "%s"', async (resetsAt, words) => {
    const body = JSON.stringify({ error: { type: 'usage_limit_reached', resets_at: resetsAt } });

    expect((await statusFailure(429, body)).message).toBe(`You have reached your usage limit. Try again ${words}.`);
  });

  test.each([
    [{ type: 'usage_limit_reached', resets_in_seconds: 7_200 }, {}, 'usageLimitExceeded', 7_200],
    [{ type: 'usage_limit_reached', message: 'Try again in 3 hours.' }, {}, 'usageLimitExceeded', 10_800],
    [{ message: 'slow' }, { 'Retry-After': '3600' }, 'serverOverloaded', 3_600],
    [{ message: 'slow' }, { 'anthropic-ratelimit-tokens-reset': '2023-11-14T23:13:20Z' }, 'serverOverloaded', 3_600],
    [{ message: 'slow' }, { 'x-ratelimit-reset-tokens': '2h0m0s' }, 'serverOverloaded', 7_200],
    [{ message: 'slow' }, { 'Retry-After': '30' }, 'serverOverloaded', null],
  ] as const)('a limit of hours has an end: %j %j', async (error, headers, kind, seconds) => {
    const failure = await statusFailure(429, JSON.stringify({ error }), headers);
    expect(failure.kind).toBe(kind);
    expect(failure.resetsAt).toBe(seconds === null ? null : (1_700_000_000 + seconds) * 1_000);
    if (seconds !== null) expect(failure.message).toMatch(/(?:Try again|The limit resets) in \d hours?\.?$/);
  });

  test.each(['usage_not_included', 'insufficient_quota'])('429 with %s is final', async (type) => {
    expect(await statusFailure(429, JSON.stringify({ error: { type, message: 'pay' } }))).toMatchObject({
      kind: 'quotaExceeded',
      retryable: false,
    });
  });

  test.each([400, 404, 413, 422])('model 23: status %s is final and shows the message of the body', async (status) => {
    const error = await statusFailure(status, '{"error":{"message":"Unknown parameter: x","code":null}}', {
      'x-request-id': 'req_9',
    });

    expect(error).toMatchObject({ kind: 'badRequest', phase: 'request', retryable: false, httpStatus: status });
    expect(error.message).toMatch(new RegExp(`^unexpected status ${status} [A-Z].*: Unknown parameter: x .*req_9`));
  });

  test('a body that is no JSON is reported as it is', async () => {
    expect((await statusFailure(404, 'no such route\n')).message).toBe(
      'unexpected status 404 Not Found: no such route',
    );
  });

  test.each([
    [400, '{"error":{"code":"context_length_exceeded","message":"too long"}}'],
    [413, '{"error":{"code":"context_length_exceeded","message":"too long"}}'],
    [400, '{"error":{"message":"This model\'s maximum context length is 8192 tokens"}}'],
  ])('a prompt that is too long is reported as such by status %s with %s', async (status, body) => {
    expect(await statusFailure(status, body)).toMatchObject({ kind: 'contextWindowExceeded', retryable: false });
  });

  test('model 24: 401 with a key is final and names where the key came from', async () => {
    const error = await statusFailure(401, '{"error":{"message":"Incorrect API key"}}');

    expect(error).toMatchObject({ kind: 'unauthorized', phase: 'request', retryable: false, httpStatus: 401 });
    expect(error.message).toContain('the environment variable TEST_KEY');
    expect(error.message).toContain('Incorrect API key');
  });

  test('a long body is cut in the middle to 2,048 bytes', async () => {
    const { message } = await statusFailure(400, `first ${'é'.repeat(50_000)} last`);
    const text = message.slice('unexpected status 400 Bad Request: '.length);

    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048);
    expect(text).toMatch(/^first é+ \.\.\. é+ last$/);
  });

  test('a redirect is not followed', async () => {
    const target = await loopback((response) => respond(response, sse(completed)));
    const error = await statusFailure(307, '', { Location: `${target.baseUrl}/responses` });

    expect(error).toMatchObject({ httpStatus: 307, retryable: false });
    expect(target.requests).toEqual([]);
  });

  test('a server that cannot be reached may be tried again', async () => {
    const error = await failureOf(collect(clientOf(providerAt('http://127.0.0.1:1/v1'))));

    expect(error).toMatchObject({ kind: 'httpConnectionFailed', phase: 'request', retryable: true });
    expect(error.message).toContain('could not reach 127.0.0.1:1');
  });

  test('a connection closed before any answer may be tried again', async () => {
    const server = await loopback((response) => response.destroy());

    expect(await failureOf(collect(clientOf(providerAt(server.baseUrl))))).toMatchObject({
      kind: 'httpConnectionFailed',
      phase: 'request',
      retryable: true,
    });
  });
});
