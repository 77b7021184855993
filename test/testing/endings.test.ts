import { expect, test } from 'vitest';
import {
  cut,
  delay,
  failed,
  framing,
  hang,
  headers,
  hold,
  httpError,
  incomplete,
  keepOpen,
  message,
  type Response,
  rateLimitHeaders,
  rateLimits,
  rawEvent,
  rawText,
  reset,
  resetBeforeHeaders,
  respond,
  silence,
  startModelServer,
} from '../../src/testing/index.ts';
import { type Answer, ask, send, typesOf } from './support.ts';

async function answerTo(response: Response): Promise<Answer> {
  await using server = await startModelServer([response]);
  return await ask(server);
}

test('cut: the body ends well, without completing', async () => {
  const answer = await answerTo(respond(message('x'), cut()));
  expect(answer.status).toBe(200);
  expect(typesOf(answer).at(-1)).toBe('output_item.done');
});

test('reset: what was said arrives, then the connection breaks', async () => {
  await using server = await startModelServer([respond(message('before'), reset())]);
  const live = send(`${server.url}/responses`);
  let seen = await live.next();
  while (!seen.includes('output_item.done')) seen += await live.next();
  await expect(live.answer).rejects.toMatchObject({ code: 'ECONNRESET' });
  await server.requests[0]?.closed;
  expect(server.abandoned).toBe(0);
});

test('resetBeforeHeaders: the connection breaks with no answer', async () => {
  await using server = await startModelServer([resetBeforeHeaders()]);
  await expect(ask(server)).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(server.requests).toHaveLength(1);
});

test('hang: nothing more comes until the client leaves, which the request remembers', async () => {
  await using server = await startModelServer([respond(message('x'), hang())]);
  const live = send(`${server.url}/responses`);
  await live.next();
  const request = await server.request(0);
  expect(request.closedEarly).toBe(false);
  live.request.destroy();
  await request.closed;
  expect(request.closedEarly).toBe(true);
  expect(server.abandoned).toBe(1);
});

test('silence: no headers come', async () => {
  await using server = await startModelServer([silence()]);
  const live = send(`${server.url}/responses`);
  let isAnswered = false;
  live.request.once('response', () => {
    isAnswered = true;
  });
  const request = await server.request(0);
  live.request.destroy();
  await request.closed;
  expect([isAnswered, request.closedEarly]).toEqual([false, true]);
});

test('keepOpen: it completes and the connection stays', async () => {
  await using server = await startModelServer([respond(message('x'), keepOpen())]);
  const live = send(`${server.url}/responses`);
  let isEnded = false;
  live.request.once('response', (response) => response.once('end', () => (isEnded = true)));
  let seen = await live.next();
  while (!seen.includes('response.completed')) seen += await live.next();
  expect(isEnded).toBe(false);
  live.request.destroy();
});

test('failed and incomplete are in the stream', async () => {
  const failure = await answerTo(respond(failed({ code: 'rate_limit_exceeded', message: 'slow', plan_type: 'x' })));
  expect(failure.events.at(-1)).toMatchObject({
    type: 'response.failed',
    response: { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'slow', plan_type: 'x' } },
  });
  const short = await answerTo(respond(message('half'), incomplete('max_output_tokens')));
  expect(short.events.at(-1)).toMatchObject({
    type: 'response.incomplete',
    response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
  });
});

test('httpError: status, body and headers', async () => {
  const limits = rateLimitHeaders({ primary: { percent: 12.5, windowMinutes: 10, resetAt: 1704069000 } });
  const refusal = await answerTo(httpError(429, { error: { type: 'x' } }, { 'retry-after': '1', ...limits }));
  expect([refusal.status, refusal.body]).toEqual([429, '{"error":{"type":"x"}}']);
  expect(refusal.headers).toMatchObject({
    'retry-after': '1',
    'x-codex-primary-used-percent': '12.5',
    'x-codex-primary-window-minutes': '10',
    'x-codex-primary-reset-at': '1704069000',
  });
});

test('rate limits and other headers stand before the stream, wherever they are scripted', async () => {
  const answer = await answerTo(
    respond(message('x'), cut(), rateLimits({ secondary: { percent: 3 } }), headers({ 'x-own': 'yes' })),
  );
  expect(answer.headers).toMatchObject({ 'x-codex-secondary-used-percent': '3', 'x-own': 'yes' });
});

test('a response with parts behind its end is refused where it is written', () => {
  expect(() => respond(cut(), message('never'))).toThrow('"item" follows the end');
});

test('hold lets the test decide when a delta comes; what came before is there already', async () => {
  const gate = Promise.withResolvers<void>();
  await using server = await startModelServer([
    respond(message('one two', { deltas: ['one ', hold(gate.promise), 'two'] })),
  ]);
  const live = send(`${server.url}/responses`);
  let seen = await live.next();
  while (!seen.includes('"one "')) seen += await live.next();
  expect(seen).not.toContain('"two"');
  gate.resolve();
  expect(typesOf(await live.answer).at(-1)).toBe('completed');
});

test('a rejected gate is open', async () => {
  const answer = await answerTo(respond(hold(Promise.reject(new Error('no'))), message('x')));
  expect(typesOf(answer).at(-1)).toBe('completed');
});

test('delay waits at least so long', async () => {
  const begun = performance.now();
  await answerTo(respond(delay(60), message('x')));
  expect(performance.now() - begun).toBeGreaterThanOrEqual(55);
});

test('closing the server ends waits, hangs and streams at once', async () => {
  const server = await startModelServer([
    respond(delay(600_000), message('x')),
    respond(hold(new Promise(() => undefined))),
    silence(),
  ]);
  const asked = [0, 1, 2].map(() => send(`${server.url}/responses`));
  await server.request(2);
  await server.close();
  for (const live of asked) await expect(live.answer).rejects.toThrow();
  expect(server.abandoned).toBe(0);
  await server.close();
});

test('framing: CR LF, a byte order mark, no event names', async () => {
  const answer = await answerTo(respond(message('x'), framing({ crlf: true, bom: true, eventNames: false })));
  expect(answer.body.startsWith('\ufeffdata: {')).toBe(true);
  expect(answer.body.replaceAll('\r\n', '')).not.toContain('\n');
  expect(answer.body).not.toContain('event:');
});

test('framing: pieces cut the stream anywhere, also within a character', async () => {
  const whole = await answerTo(respond(message('Grüße 😀', { id: 'm' })));
  await using server = await startModelServer([respond(message('Grüße 😀', { id: 'm' }), framing({ pieces: [1, 3] }))]);
  const answer = await ask(server);
  expect(answer.pieces.slice(0, 6).map((piece) => piece.length)).toEqual([1, 3, 1, 3, 1, 3]);
  expect(answer.pieces.some((piece) => piece.toString('utf8').includes('\ufffd'))).toBe(true);
  expect(typesOf(answer)).toEqual(typesOf(whole));
  expect(JSON.stringify(answer.events)).toContain('Grüße 😀');
});

test('a whole server can cut its streams into pieces', async () => {
  await using server = await startModelServer([respond(message('x'))], { pieceBytes: 5 });
  const { pieces } = await ask(server);
  expect(pieces[0]).toHaveLength(5);
});

test('raw events and raw bytes go out as they are', async () => {
  const ping = ': ping\n\n';
  const answer = await answerTo(
    respond(rawText(ping), rawEvent({ type: 'error', code: 'x' }), rawText(Buffer.from([0xff, 0x0a, 0x0a]))),
  );
  expect(answer.body).toContain(ping);
  expect(Buffer.concat(answer.pieces).includes(0xff)).toBe(true);
  expect(answer.events).toContainEqual({ type: 'error', code: 'x', sequence_number: 1 });
});
