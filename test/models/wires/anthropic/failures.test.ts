import { describe, expect, test } from 'vitest';
import type { ModelError } from '../../../../src/models/failures/index.ts';
import {
  collect,
  failureOf,
  loopback,
  promptOf,
  refusing,
  respond,
  sse,
  streaming,
  type WireEvent,
} from '../../support.ts';
import { answer, blockEvents, claudeAt, ending, itemsOf, started, stopped, text, toolUse } from './support.ts';

async function streamFailure(...events: readonly WireEvent[]): Promise<ModelError> {
  const server = await streaming(sse(started, ...events));
  return failureOf(collect(claudeAt(server.baseUrl)));
}

async function statusFailure(status: number, type: string, message: string, headers: Record<string, string> = {}) {
  const body = JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_1' });
  const server = await refusing(status, body, headers);
  return failureOf(collect(claudeAt(server.baseUrl)));
}

const error = (type: string, message = 'why'): WireEvent => ({ type: 'error', error: { type, message } });

describe('failures of the Messages API', () => {
  test.each(['overloaded_error', 'rate_limit_error', 'api_error', 'timeout_error', 'from_the_future'])(
    'model 34: %s in mid-stream may be tried again',
    async (type) => {
      expect(await streamFailure(error(type))).toMatchObject({ phase: 'stream', retryable: true });
    },
  );

  test.each([
    ['authentication_error', 'unauthorized'],
    ['permission_error', 'unauthorized'],
    ['billing_error', 'quotaExceeded'],
    ['invalid_request_error', 'badRequest'],
    ['not_found_error', 'badRequest'],
    ['request_too_large', 'badRequest'],
  ])('model 34: %s in mid-stream is final', async (type, kind) => {
    expect(await streamFailure(error(type))).toMatchObject({ kind, phase: 'stream', retryable: false });
  });

  test('an answer that was cut at its limit is incomplete, and a call that was cut does not run', async () => {
    const server = await streaming(
      sse(
        started,
        ...blockEvents(text('Writing.'), toolUse('t1', 'shell', '{"command":["rm", "-')),
        ending('max_tokens'),
        stopped,
      ),
    );
    const items: string[] = [];
    const failure = await failureOf(
      (async () => {
        const events = claudeAt(server.baseUrl).stream(promptOf(), {
          taskKind: 'regular',
          signal: new AbortController().signal,
        });
        for await (const batch of events) items.push(...itemsOf(batch).map(({ type }) => type));
      })(),
    );

    expect(items).toEqual(['message']);
    expect(failure).toMatchObject({
      retryable: false,
      message: expect.stringMatching(/max_tokens.*model_max_output_tokens/),
    });
  });

  test('a call that may have been cut before its first argument does not run', async () => {
    const failure = await streamFailure(...blockEvents(toolUse('t1', 'shell')), ending('max_tokens'), stopped);

    expect(failure.message).toContain('max_tokens');
  });

  test('a full window is reported as such, whether the answer or the prompt filled it', async () => {
    const full = { kind: 'contextWindowExceeded', retryable: false };
    const tooLong = 'prompt is too long: 215000 tokens > 200000 maximum';
    const together =
      'input length and `max_tokens` exceed context limit: 190000 + 32000 > 200000, decrease input length';

    expect(await streamFailure(ending('model_context_window_exceeded'), stopped)).toMatchObject(full);
    expect(await streamFailure(error('invalid_request_error', tooLong))).toMatchObject(full);
    expect(await statusFailure(400, 'invalid_request_error', tooLong)).toMatchObject(full);
    expect(await statusFailure(400, 'invalid_request_error', together)).toMatchObject(full);
  });

  test.each([
    [400, 'invalid_request_error', 'badRequest', false],
    [401, 'authentication_error', 'unauthorized', false],
    [402, 'billing_error', 'quotaExceeded', false],
    [403, 'permission_error', 'unauthorized', false],
    [404, 'not_found_error', 'badRequest', false],
    [413, 'request_too_large', 'badRequest', false],
    [429, 'rate_limit_error', 'serverOverloaded', true],
    [500, 'api_error', 'httpConnectionFailed', true],
    [504, 'timeout_error', 'httpConnectionFailed', true],
    [529, 'overloaded_error', 'serverOverloaded', true],
  ])('status %s with %s is %s, to be tried again: %s', async (status, type, kind, retryable) => {
    const failure = await statusFailure(status, type, 'why', { 'request-id': 'req_7' });

    expect(failure).toMatchObject({ kind, retryable, phase: 'request', httpStatus: status });
    if (kind !== 'quotaExceeded') expect(failure.message).toMatch(/why.*req_7/);
  });

  test('an account without credit is reported as such', async () => {
    const message = 'Your credit balance is too low to access the Anthropic API.';

    expect(await statusFailure(400, 'invalid_request_error', message)).toMatchObject({ kind: 'quotaExceeded' });
  });

  test('429 carries the delay that the server asks for', async () => {
    expect(await statusFailure(429, 'rate_limit_error', 'slow', { 'retry-after': '7' })).toMatchObject({
      retryAfterMs: 7_000,
    });
  });

  test('a stream that ends before its response does may be tried again', async () => {
    const server = await streaming(sse(started, ...blockEvents(text('half')), ending('end_turn')));

    expect(await failureOf(collect(claudeAt(server.baseUrl)))).toMatchObject({
      kind: 'responseStreamDisconnected',
      retryable: true,
      message: expect.stringContaining('message_stop'),
    });
  });

  test('the stream ends at message_stop though the socket stays open', async () => {
    const server = await loopback((response) => void response.writeHead(200).write(answer([text('ok')])));

    expect(await collect(claudeAt(server.baseUrl))).toHaveLength(4);
  });

  test('pings keep a silent stream alive no longer than other events do', async () => {
    const server = await loopback((response) => void response.writeHead(200).write(sse(started, { type: 'ping' })));
    const failure = await failureOf(collect(claudeAt(server.baseUrl, {}, { streamIdleTimeoutMs: 60 })));

    expect(failure).toMatchObject({ retryable: true, message: expect.stringContaining('idle') });
  });

  test('the key is in no message, also where the server echoes it', async () => {
    const server = await loopback((response, { headers }) =>
      response
        .writeHead(401)
        .end(JSON.stringify({ error: { type: 'authentication_error', message: `bad ${headers['x-api-key']}` } })),
    );
    const failure = await failureOf(collect(claudeAt(server.baseUrl)));
    const inStream = await loopback((response, { headers }) =>
      respond(response, sse(started, error('api_error', `bad ${headers['x-api-key']}`))),
    );

    expect(failure.message).toContain('bad ***');
    expect(failure.message).not.toContain('test-key-123');
    expect((await failureOf(collect(claudeAt(inStream.baseUrl)))).message).not.toContain('test-key-123');
  });
});
