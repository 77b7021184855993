import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { TurnInput } from '../protocol.ts';
import type { LiveTurns } from './live-turns.ts';
import { LIFE_HEADER, lifeIn } from './worker-life.ts';

/** Answers a request that is not about a turn. @returns whether it was one of its own */
export type PeerRoute = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean;

export interface PeerOptions {
  readonly turns: LiveTurns;
  readonly secret: string;
  /** What the worker serves besides, to callers who know the secret. */
  readonly routes: readonly PeerRoute[];
}

/**
 * What a worker serves other workers and the front: `/health` to anybody, all else to callers who know the fleet's secret. A worker
 * whose process is frozen answers nothing, by which others know. Each answer, also a refusal, names the process.
 */
export function peerHandler({ turns, secret, routes }: PeerOptions): RequestListener {
  return (request, response) => {
    response.setHeader(LIFE_HEADER, lifeIn(turns.address) ?? '');
    const url = URL.parse(request.url ?? '/', 'http://worker');
    if (url === null) return answer(response, 400, { error: 'no path' });
    if (url.pathname === '/health') {
      return answer(response, turns.isDraining ? 503 : 200, { turns: turns.size });
    }
    if (!isKnown(request, secret)) return answer(response, 401, { error: 'the secret of the fleet is required' });
    const [, threadId, turnId] = /^\/turns\/([^/]+)\/([^/]+)$/.exec(url.pathname) ?? [];
    if (threadId !== undefined && turnId !== undefined) {
      return void serveTurn(request, response, { threadId, turnId }, turns);
    }
    if (!routes.some((route) => route(request, response, url))) answer(response, 404, { error: 'not found' });
  };
}

async function serveTurn(
  request: IncomingMessage,
  response: ServerResponse,
  turn: { readonly threadId: string; readonly turnId: string },
  turns: LiveTurns,
): Promise<void> {
  try {
    if (request.method === 'GET') return answer(response, 200, turns.answer(turn.threadId, turn.turnId));
    const input = TurnInput.safeParse(JSON.parse(await text(request)));
    if (!input.success) return answer(response, 400, { error: 'not an input of a turn' });
    answer(response, 200, turns.deliver(turn, input.data));
  } catch {
    // A body that is cut off or isn't JSON.
    answer(response, 400, { error: 'the request can’t be read' });
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** Compared by digests, which take the same time whatever is in them. */
function isKnown({ headers }: IncomingMessage, secret: string): boolean {
  const given = headers.authorization ?? '';
  return timingSafeEqual(digest(given), digest(`Bearer ${secret}`));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
