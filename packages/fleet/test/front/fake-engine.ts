import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import type { TurnOutcome } from '../../src/protocol.ts';
import { stageKey, USER_HEADER } from '../../src/service/names.ts';
import {
  arrived,
  granted,
  Refusal,
  stageEnded,
  submitted,
  type ThreadState,
  viewOf,
} from '../../src/service/thread-state.ts';

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
  /** Stages that have begun, by their keys. */
  const stages = new Map<string, PromiseWithResolvers<TurnOutcome>>();
  const begin = (id: string, { current }: ThreadState) => {
    const key = current?.phase === 'running' ? stageKey(id, current.turnId, current.stage) : null;
    if (key !== null && !stages.has(key)) stages.set(key, Promise.withResolvers());
  };
  const server = createServer(async (request, response) => {
    const sent = await text(request);
    const body = sent === '' ? undefined : JSON.parse(sent);
    calls.push({ path: request.url ?? '', body, headers: request.headers });
    const [, , id = '', handler = ''] = (request.url ?? '').split('/');
    const user = String(request.headers[USER_HEADER] ?? '');
    const reply = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (id === 'workflow') {
      const stage = stages.get((request.url ?? '').split('/')[4] ?? '');
      return stage === undefined ? reply(404, { message: 'not found' }) : reply(200, await stage.promise);
    }
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
      begin(id, after);
      on.submitted?.(id, after);
      return reply(200, { turnId: change.turnId });
    }
    if (state === undefined) return reply(404, { message: 'there is no such thread' });
    try {
      if (handler === 'input') {
        const { turnId, at, state: changed } = arrived(state, body);
        const { state: after } = granted(changed);
        threads.set(id, after);
        begin(id, after);
        on.input?.(id, after);
        return reply(200, { turnId, at });
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
    /** Ends the stage that runs. */
    end(id: string, outcome: TurnOutcome): void {
      const before = threads.get(id);
      if (before?.current == null) throw new Error('no turn runs');
      const { turnId, stage } = before.current;
      const { state } = granted(stageEnded(before, turnId, stage, outcome).state);
      threads.set(id, state);
      stages.get(stageKey(id, turnId, stage))?.resolve(outcome);
      begin(id, state);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
