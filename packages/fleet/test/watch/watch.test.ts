import { getEventListeners, once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SessionEvent } from 'keel/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { liveRoute, SseStream, watch, watchThread } from '../../src/watch/index.ts';
import { type Watched, WatchRefused } from '../../src/watch/watch-client.ts';

const THREAD = '01999999-0000-7000-8000-000000000001';
let dir: string;
let path: string;
const servers: Server[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'keel-fleet-'));
  path = join(dir, 'rollout.jsonl');
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(dir, { recursive: true, force: true });
});

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

const line = (at: number) => `${JSON.stringify({ at })}\n`;
const thread = (after: number | null, more: object = {}) => ({
  threadId: THREAD,
  rolloutPath: () => path,
  after,
  secret: 'the secret of the fleet',
  isWorker: () => true,
  ...more,
});
const afterOf = (url: string | undefined) => Number(new URL(url ?? '/', 'http://x').searchParams.get('after'));

/** What comes until `isLast`. */
async function until(url: string, after: number | null, isLast: (all: readonly Watched[]) => boolean) {
  const stop = new AbortController();
  const all: Watched[] = [];
  for await (const watched of watch({ url, threadId: THREAD, after }, stop.signal)) {
    all.push(watched);
    if (isLast(all)) stop.abort();
  }
  return all;
}

describe('watching a thread', () => {
  test('over connections that break again and again misses and repeats no line', async () => {
    const count = 60;
    writeFileSync(path, Array.from({ length: count }, (_, at) => line(at)).join(''));
    let connections = 0;
    const url = await serve((request, response) => {
      connections += 1;
      const stream = new SseStream(response);
      void watchThread(thread(afterOf(request.url)), stream);
      // Each connection breaks a little later, wherever it is.
      const timer = setTimeout(() => response.destroy(), connections * 3);
      response.on('close', () => clearTimeout(timer));
    });
    const all = await until(url, -1, (so) => so.length === count);
    expect(all).toEqual(Array.from({ length: count }, (_, at) => ({ type: 'line', ordinal: at, line: { at } })));
  });

  test('passes over lines that a server sends again', async () => {
    const url = await serve((_, response) => {
      const stream = new SseStream(response);
      for (const at of [0, 1, 1, 0, 2]) void stream.send('line', JSON.stringify({ at }), at);
    });
    const all = await until(url, -1, (so) => so.length === 3);
    expect(all.map((one) => one.type === 'line' && one.ordinal)).toEqual([0, 1, 2]);
  });

  test('passes over a line that a crash cut off, and counts it', async () => {
    writeFileSync(path, `${line(0)}{"at":\n${line(2)}`);
    const url = await serve(
      (request, response) => void watchThread(thread(afterOf(request.url)), new SseStream(response)),
    );
    const all = await until(url, -1, (so) => so.length === 2);
    expect(all.map((one) => one.type === 'line' && one.ordinal)).toEqual([0, 2]);
  });

  test('ends where the fleet refuses it, and waits where nobody answers', async () => {
    let answers = [503, 429, 404];
    const url = await serve((_, response) => {
      response.writeHead(answers.shift() ?? 500).end();
    });
    const watched = watch({ url, threadId: THREAD, after: -1 }, new AbortController().signal);
    await expect(watched.next()).rejects.toBeInstanceOf(WatchRefused);
    expect(answers).toEqual([]);
    answers = [];
  });

  test('shows what the worker shows that has the thread, and finds the next one when it moves', async () => {
    writeFileSync(path, line(0));
    const eventsOf = (text: string) =>
      async function* (): AsyncGenerator<SessionEvent> {
        yield { type: 'warning', turnId: null, message: text };
      };
    const seen: string[] = [];
    const worker = (text: string) =>
      serve((request, response) => {
        seen.push(request.headers.authorization ?? '');
        const sessionOf = (id: string) => (id === THREAD ? { events: eventsOf(text) } : null);
        const url = new URL(request.url ?? '/', 'http://worker');
        if (!liveRoute({ sessionOf })(request, response, url)) response.writeHead(404).end();
      });
    const [first, second] = [await worker('first'), await worker('second')];
    const owner = (address: string) => writeFileSync(`${path}.lease`, leaseOf(address));
    owner(first);
    const url = await serve((_, response) => void watchThread(thread(null), new SseStream(response)));
    const all = await until(url, null, (so) => {
      const texts = so.flatMap((one) =>
        one.type === 'live' && one.event.type === 'warning' ? [one.event.message] : [],
      );
      if (texts.includes('first')) owner(second);
      return texts.includes('second');
    });
    expect(all.map(({ type }) => type)).toContain('attached');
    expect(seen[0]).toBe('Bearer the secret of the fleet');
  });

  const warning = (message: string): SessionEvent => ({ type: 'warning', turnId: null, message });
  const textsIn = (all: readonly Watched[]) =>
    all.flatMap((one) => (one.type === 'live' && one.event.type === 'warning' ? [one.event.message] : []));

  /** A worker that shows one event and then nothing more, as a frozen process does, or as long as its client stays. */
  function showing(text: string, then: 'freezes' | 'beats'): Promise<string> {
    return serve((_, response) => {
      const stream = new SseStream(response, { heartbeatMs: then === 'beats' ? 20 : 60_000 });
      void stream.send('live', JSON.stringify(warning(text)));
    });
  }

  test('notices a worker that hangs, and follows the one that takes the thread over', async () => {
    writeFileSync(path, line(0));
    const [hung, next] = [await showing('first', 'freezes'), await showing('second', 'beats')];
    writeFileSync(`${path}.lease`, leaseOf(hung));
    const url = await serve((_, response) => {
      void watchThread(thread(null, { silentMs: 500 }), new SseStream(response));
    });
    const all = await until(url, null, (so) => {
      if (so.at(-1)?.type === 'detached') writeFileSync(`${path}.lease`, leaseOf(next));
      return textsIn(so).includes('second');
    });
    const types = all.map(({ type }) => type);
    expect(types.slice(0, 3)).toEqual(['attached', 'live', 'detached']);
    expect(types.slice(-2)).toEqual(['attached', 'live']);
  });

  test('leaves a worker that still shows a thread which another one has taken', async () => {
    writeFileSync(path, line(0));
    const [cutOff, next] = [await showing('first', 'beats'), await showing('second', 'beats')];
    writeFileSync(`${path}.lease`, leaseOf(cutOff));
    const url = await serve((_, response) => void watchThread(thread(null), new SseStream(response)));
    const all = await until(url, null, (so) => {
      if (so.at(-1)?.type === 'live') writeFileSync(`${path}.lease`, leaseOf(next));
      return textsIn(so).includes('second');
    });
    expect(all.map(({ type }) => type)).toEqual(['attached', 'live', 'detached', 'attached', 'live']);
  });

  test('stays with a worker while its client takes long to be shown that it has one', async () => {
    class SlowAtFirst extends SseStream {
      override async send(...sent: Parameters<SseStream['send']>): Promise<void> {
        await super.send(...sent);
        if (sent[0] === 'attached') await delay(1_200);
      }
    }
    writeFileSync(path, line(0));
    writeFileSync(`${path}.lease`, leaseOf(await showing('first', 'beats')));
    const url = await serve((_, response) => {
      void watchThread(thread(null, { silentMs: 800 }), new SlowAtFirst(response));
    });
    const all = await until(url, null, (so) => so.length === 2);
    expect(all.map(({ type }) => type)).toEqual(['attached', 'live']);
  });

  test('leaves no listener behind for each time that its client was slow', async () => {
    const url = await serve(async (_, response) => {
      using stream = new SseStream(response);
      const before = getEventListeners(stream.closed, 'abort').length;
      for (let at = 0; at < 15; at += 1) await stream.send('line', 'x'.repeat(1024 * 1024));
      await stream.send('live', String(getEventListeners(stream.closed, 'abort').length - before));
    });
    const text = await (await fetch(url)).text();
    expect(text.slice(-30)).toContain('data: 0\n');
  });

  test('stays with a worker that has nothing to show but lives', async () => {
    writeFileSync(path, line(0));
    writeFileSync(`${path}.lease`, leaseOf(await showing('first', 'beats')));
    const url = await serve((_, response) => {
      void watchThread(thread(-1, { silentMs: 600 }), new SseStream(response));
    });
    const all = await until(url, -1, (so) => {
      // Several times as long as silence may last.
      if (so.at(-1)?.type === 'live') setTimeout(() => appendFileSync(path, line(1)), 1_500);
      return so.filter(({ type }) => type === 'line').length === 2;
    });
    expect(all.filter(({ type }) => type === 'detached')).toEqual([]);
    expect(textsIn(all)).toEqual(['first']);
  });

  test('connects again where the front falls silent, before its answer or within it', async () => {
    let connections = 0;
    const url = await serve((request, response) => {
      connections += 1;
      if (connections === 1) return;
      const stream = new SseStream(response, { heartbeatMs: 60_000 });
      const after = afterOf(request.url);
      void stream.send('line', JSON.stringify({ at: after + 1 }), after + 1);
    });
    const stop = new AbortController();
    const seen: unknown[] = [];
    for await (const watched of watch({ url, threadId: THREAD, after: -1, silentMs: 400 }, stop.signal)) {
      seen.push(watched);
      if (seen.length === 3) stop.abort();
    }
    expect(seen).toEqual([0, 1, 2].map((at) => ({ type: 'line', ordinal: at, line: { at } })));
    expect(connections).toBe(4);
  });

  test('takes as long as its reader wants, over one connection', async () => {
    let connections = 0;
    const url = await serve((_, response) => {
      connections += 1;
      const stream = new SseStream(response, { heartbeatMs: 20 });
      for (const at of [0, 1]) void stream.send('line', JSON.stringify({ at }), at);
      setTimeout(() => void stream.send('line', JSON.stringify({ at: 2 }), 2), 700);
    });
    const stop = new AbortController();
    const seen: Watched[] = [];
    for await (const watched of watch({ url, threadId: THREAD, after: -1, silentMs: 500 }, stop.signal)) {
      seen.push(watched);
      await new Promise((resolve) => setTimeout(resolve, 600));
      if (seen.length === 3) stop.abort();
    }
    expect(connections).toBe(1);
  });

  test('sends the secret to no address that is not a worker’s, whatever a lease says', async () => {
    writeFileSync(path, line(0));
    let asked = 0;
    const other = await serve((_, response) => {
      asked += 1;
      response.end();
    });
    writeFileSync(`${path}.lease`, leaseOf(other));
    const url = await serve(
      (_, response) => void watchThread(thread(-1, { isWorker: () => false }), new SseStream(response)),
    );
    await until(url, -1, (so) => so.length === 1);
    appendFileSync(path, line(1));
    await until(url, 0, (so) => so.length === 1);
    expect(asked).toBe(0);
  });

  test('by a client that reads nothing costs a bounded buffer, and ends', async () => {
    writeFileSync(path, `${'x'.repeat(64 * 1024)}\n`.repeat(400));
    const waiting: number[] = [];
    const gone = Promise.withResolvers<void>();
    const url = await serve((_, response) => {
      const timer = setInterval(() => waiting.push(response.writableLength), 5);
      response.on('close', () => {
        clearInterval(timer);
        gone.resolve();
      });
      void watchThread(thread(-1), new SseStream(response, { stalledMs: 300 }));
    });
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) });
    socket.pause();
    socket.write('GET /threads/x/watch HTTP/1.1\r\nhost: x\r\n\r\n');
    await gone.promise;
    socket.destroy();
    expect(Math.max(...waiting)).toBeLessThan(512 * 1024);
  });
});

function leaseOf(address: string): string {
  return JSON.stringify({
    ...{ token: 't', pid: 1, startTicks: null, place: 'elsewhere', host: 'h', lock: 'locked' },
    address,
  });
}
