import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ModelServer, message, respond, type Script, startModelServer } from '../../src/testing/index.ts';
import { ask, send, typesOf, user } from './support.ts';

const hello = respond(message('hello'));
let server: ModelServer;

async function serve(script: Script): Promise<void> {
  await server.close();
  server = await startModelServer(script);
}

beforeEach(async () => {
  server = await startModelServer([]);
});
afterEach(() => server.close());

describe('the script', () => {
  test('answers in order, and is done when all of it was used', async () => {
    await serve([respond(message('one')), () => respond(message('two'))]);
    expect((await ask(server)).body).toContain('"one"');
    expect(() => server.assertDone()).toThrow('1 scripted responses were not asked for');
    expect((await ask(server)).body).toContain('"two"');
    server.assertDone();
  });

  test('a function sees each request and its number', async () => {
    await serve(async (request, index) => respond(message(`${index}: ${request.lastUserText}`)));
    await ask(server, { input: [user('a')] });
    expect((await ask(server, { input: [user('b')] })).body).toContain('"1: b"');
  });

  test('a fallback answers what comes after the list', async () => {
    await server.close();
    server = await startModelServer([hello], { fallback: () => respond(message('again')) });
    await ask(server);
    expect((await ask(server)).body).toContain('"again"');
    server.assertDone();
  });

  test('a request without an answer gets 500 with the reason, and fails the test', async () => {
    const answer = await ask(server, { input: [user('what now')] });
    expect(answer.status).toBe(500);
    expect(answer.body).toContain('the script has no answer for request 0 (POST /v1/responses)');
    expect(() => server.assertDone()).toThrow('what now');
  });

  test('null from a function, and an error thrown by it, are reported too', async () => {
    await serve([
      () => null,
      () => {
        throw new Error('slip');
      },
    ]);
    expect((await ask(server)).status).toBe(500);
    expect((await ask(server)).body).toContain('slip');
    expect(() => server.assertDone()).toThrow(/no answer for request 0.*slip/s);
  });

  test('another path or method uses up nothing of the script', async () => {
    await serve([hello]);
    expect((await send(`${server.url}/models`, '', 'GET').answer).status).toBe(500);
    expect(typesOf(await ask(server)).at(-1)).toBe('completed');
    expect(() => server.assertDone()).toThrow('GET /v1/models');
  });
});

describe('the server', () => {
  test('serves requests side by side', async () => {
    const gate = Promise.withResolvers<void>();
    await serve([() => gate.promise.then(() => hello), hello]);
    const first = ask(server);
    await server.request(0);
    expect(typesOf(await ask(server)).at(-1)).toBe('completed');
    gate.resolve();
    expect(typesOf(await first).at(-1)).toBe('completed');
  });

  test('can come back on the same port', async () => {
    const port = Number(new URL(server.url).port);
    await server.close();
    await expect(ask(server)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    server = await startModelServer([hello], { port });
    expect((await ask(server)).status).toBe(200);
    await expect(startModelServer([], { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  test('waits for a request that has not come, until its signal aborts', async () => {
    await serve([hello]);
    const waiting = server.request(0);
    await ask(server);
    expect(await waiting).toBe(server.requests[0]);
    const stop = new AbortController();
    const stopped = server.request(1, stop.signal);
    stop.abort(new Error('enough'));
    await expect(stopped).rejects.toThrow('enough');
    const closed = server.request(1);
    await Promise.all([expect(closed).rejects.toThrow('was closed'), server.close()]);
    await expect(server.request(1)).rejects.toThrow('was closed');
  });

  test('a client that leaves in the middle of its own request leaves nothing behind', async () => {
    await serve([hello]);
    const live = send(`${server.url}/responses`, 'x'.repeat(20_000_000));
    live.request.once('socket', (socket) => socket.once('connect', () => live.request.destroy()));
    await expect(live.answer).rejects.toThrow();
    await ask(server);
    expect(server.requests).toHaveLength(1);
    server.assertDone();
  });
});
