import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { FleetApi, type FleetSent } from '../../../src/engine/fleet/fleet-api.ts';

let server: Server;
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

async function frontWith(handler: RequestListener, silentMs: number): Promise<FleetApi> {
  server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const url = `http://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  return new FleetApi({ url, token: null, threadId: 't' }, silentMs);
}

const never = new AbortController().signal;
const event = (type: FleetSent['type']) => `event: ${type}\ndata: {}\n\n`;

describe('what the front shows live', () => {
  test('takes as long as its reader works, which is no silence', async () => {
    let connections = 0;
    const api = await frontWith((_, response) => {
      connections += 1;
      response.write(event('attached'));
      const beats = setInterval(() => response.write(':\n\n'), 30);
      const last = setTimeout(() => response.write(event('detached')), 1_200);
      response.on('close', () => {
        clearInterval(beats);
        clearTimeout(last);
      });
    }, 800);
    const seen: FleetSent[] = [];
    for await (const sent of api.live(never)) {
      seen.push(sent);
      if (seen.length === 2) break;
      await delay(1_500);
    }
    expect(seen).toEqual([{ type: 'attached' }, { type: 'detached' }]);
    expect(connections).toBe(1);
  });

  test('is not lost where this process stood still for longer than silence may last', async () => {
    const api = await frontWith((_, response) => {
      response.write(event('attached'));
      const beats = setInterval(() => response.write(':\n\n'), 30);
      const last = setTimeout(() => response.write(event('detached')), 700);
      response.on('close', () => {
        clearInterval(beats);
        clearTimeout(last);
      });
    }, 250);
    const stop = setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500), 50);
    const seen: FleetSent[] = [];
    for await (const sent of api.live(never)) {
      seen.push(sent);
      if (seen.length === 2) break;
    }
    clearTimeout(stop);
    expect(seen).toEqual([{ type: 'attached' }, { type: 'detached' }]);
  });

  test.each([
    ['before its answer', () => undefined],
    ['within it', (response: { write(text: string): void }) => response.write(event('attached'))],
  ])('ends where nothing comes any more, %s', async (_, answer) => {
    const api = await frontWith((__, response) => void answer(response), 100);
    const all = (async () => {
      for await (const sent of api.live(never)) expect(sent).toEqual({ type: 'attached' });
    })();
    await expect(all).rejects.toThrow();
  });
});
