import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from 'vitest';
import type { TurnInput } from '../../src/protocol.ts';
import { attach } from '../../src/worker/attach.ts';
import { LIFE_HEADER } from '../../src/worker/worker-life.ts';

const job = { threadId: 'thread', turnId: 'f1' };
const secret = 'the secret of the fleet';
const never = new AbortController().signal;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function owner(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

const LIFE = 'one';
/** Whoever answers, as this process of a worker; null: it is none. */
const answers = (status: number, body: string, life: string | null = LIFE) =>
  owner((_, response) => {
    response.writeHead(status, life === null ? {} : { [LIFE_HEADER]: life }).end(body);
  });
/** As the lease of a thread has it. */
const ofLife = (address: string) => `${address}/#${LIFE}`;
const steer = (at: number): TurnInput => ({ at, input: { type: 'steer', text: `message ${at}` } });

describe('the owner of a turn', () => {
  test.each([
    ['another secret', 401, '{"error":"the secret is required"}'],
    ['no such route', 404, '{"error":"not found"}'],
    ['a failure of its own', 500, 'oops'],
    ['a redirection', 302, ''],
    ['another language', 200, '<html>hello</html>'],
    ['another protocol', 200, '{"type":"busy"}'],
  ])('that answers with %s lives: nothing is taken from it', async (_, status, body) => {
    const end = await attach({ job, address: ofLife(await answers(status, body)), secret }, [], never);
    expect(end).toMatchObject({ type: 'refused', why: expect.stringMatching(/127\.0\.0\.1/) });
  });

  test.each([
    ['another program that finds nothing', 404, '<html>not found</html>', null],
    ['another program that has such errors as well', 401, '{"error":"a token is required"}', null],
    ['another program that answers everything', 200, '{"type":"running"}', null],
    ['a worker that was started later', 200, '{"type":"running"}', 'two'],
    ['a worker of another fleet', 401, '{"error":"the secret of the fleet is required"}', 'two'],
  ])('is dead where %s has its address now', async (_, status, body, life) => {
    const address = ofLife(await answers(status, body, life));
    expect(await attach({ job, address, secret }, [], never)).toEqual({ type: 'silent' });
  });

  test('of an earlier version is known by what it says', async () => {
    const end = async (status: number, body: string, life: string | null = null) =>
      attach({ job, address: await answers(status, body, life), secret }, [], never);
    expect(await end(200, '{"type":"gone"}')).toEqual({ type: 'gone' });
    expect(await end(404, 'not found')).toEqual({ type: 'silent' });
    expect(await end(200, '{"type":"running"}', 'two')).toEqual({ type: 'silent' });
  });

  test.each([502, 503, 504])('behind a proxy that finds nobody (%i) is silent', async (status) => {
    expect(await attach({ job, address: await answers(status, ''), secret }, [], never)).toEqual({ type: 'silent' });
  });

  test('that is dead is silent', async () => {
    const address = await answers(200, '{}');
    const server = servers.pop();
    server?.close();
    server?.closeAllConnections();
    expect(await attach({ job, address, secret }, [], never)).toEqual({ type: 'silent' });
  });

  test('that hangs is silent soon, also within an answer', async () => {
    const hung = await owner(() => undefined);
    const half = await owner((_, response) => void response.writeHead(200).write('{"type":'));
    const ends = [hung, half].map((address) => attach({ job, address, secret }, [], never));
    expect(await Promise.all(ends)).toEqual([{ type: 'silent' }, { type: 'silent' }]);
  });

  test('is asked again after a connection that broke, and keeps its turn', async () => {
    let asked = 0;
    const address = await owner((request, response) => {
      asked += 1;
      if (asked === 2) request.socket.destroy();
      else response.end(JSON.stringify({ type: asked < 4 ? 'running' : 'gone' }));
    });
    expect(await attach({ job, address, secret }, [], never)).toEqual({ type: 'gone' });
    expect(asked).toBe(4);
  });

  test('is given each input in its order until it has it, those that come later as well', async () => {
    const taken: unknown[] = [];
    const inputs = [steer(1), steer(2)];
    let breaks = 1;
    const address = await owner(async (request, response) => {
      expect(request.headers.authorization).toBe(`Bearer ${secret}`);
      expect(request.url).toBe('/turns/thread/f1');
      if (request.method === 'POST') {
        const body = JSON.parse(await text(request));
        if (body.at === 2 && breaks-- > 0) return void request.socket.destroy();
        taken.push(body);
      } else if (inputs.length === 2) inputs.push(steer(3));
      response.end(JSON.stringify({ type: taken.length < 3 ? 'running' : 'gone' }));
    });
    expect(await attach({ job, address, secret }, inputs, never)).toEqual({ type: 'gone' });
    expect(taken).toEqual([steer(1), steer(2), steer(3)]);
  });

  test('is waited for no longer than somebody wants it', async () => {
    const stop = new AbortController();
    const address = await owner((_, response) => {
      response.end('{"type":"running"}');
      stop.abort(new Error('enough'));
    });
    await expect(attach({ job, address, secret }, [], stop.signal)).rejects.toThrow('enough');
  });
});
