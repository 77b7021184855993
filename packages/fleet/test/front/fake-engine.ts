import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { USER_HEADER } from '../../src/service/names.ts';
import { arrived, granted, Refusal, submitted, type ThreadState, viewOf } from '../../src/service/thread-state.ts';

export interface EngineCall {
  readonly path: string;
  readonly body: unknown;
  readonly headers: IncomingHttpHeaders;
}

/** What a worker would do of it. */
export interface EngineHooks {
  readonly submitted?: (threadId: string, state: ThreadState) => void;
  readonly input?: (threadId: string, state: ThreadState) => void;
}

/** The engine's ingress as the front sees it: the thread object's rules over HTTP, without an engine behind them. */
export async function startFakeEngine(on: EngineHooks = {}) {
  const calls: EngineCall[] = [];
  const threads = new Map<string, ThreadState>();
  const server = createServer(async (request, response) => {
    const sent = await text(request);
    const body = sent === '' ? undefined : JSON.parse(sent);
    calls.push({ path: request.url ?? '', body, headers: request.headers });
    const [, , id = '', handler = ''] = (request.url ?? '').split('/');
    const user = String(request.headers[USER_HEADER] ?? '');
    const reply = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const state = threads.get(id);
    if (state !== undefined && state.owner !== user) return reply(404, { message: 'there is no such thread' });
    if (handler === 'state') return reply(200, state === undefined ? null : viewOf(state));
    if (handler === 'submit') {
      const { place, settings, limits } = body;
      const none = { isClaiming: false, count: 0, current: null, queue: [], ended: [] } as const;
      const change = submitted(state ?? { owner: user, place, settings, limits, ...none }, body);
      // No limit is used up here.
      const { state: after } = granted(change.state);
      threads.set(id, after);
      on.submitted?.(id, after);
      return reply(200, { turnId: change.turnId });
    }
    if (state === undefined) return reply(404, { message: 'there is no such thread' });
    try {
      if (handler === 'input') {
        const { state: after } = arrived(state, body);
        threads.set(id, after);
        on.input?.(id, after);
      }
      return reply(200, null);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return reply(409, { message: error.message });
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    threads,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
