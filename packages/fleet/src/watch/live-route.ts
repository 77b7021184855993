import type { Session, SessionEvent } from 'keel/session';
import type { PeerRoute } from '../worker/peer-server.ts';
import { SseStream } from './sse.ts';

/** A worker that has shown nothing for so long hangs, ms. It gives a sign of life every second. */
export const WORKER_SILENT_MS = 3_000;
const HEARTBEAT_MS = WORKER_SILENT_MS / 3;

export interface LiveThreads {
  /** The session of a thread whose turn runs on this worker; null: none does. */
  sessionOf(threadId: string): Pick<Session, 'events'> | null;
}

/** Where a worker serves the live events of the threads that it runs: `GET /live/<thread>`, to callers who know the fleet's secret. */
export function liveRoute(threads: LiveThreads): PeerRoute {
  return (request, response, url) => {
    const [, threadId] = /^\/live\/([^/]+)$/.exec(url.pathname) ?? [];
    if (threadId === undefined || request.method !== 'GET') return false;
    const session = threads.sessionOf(threadId);
    if (session === null) response.writeHead(404).end();
    else void sendEvents(session, new SseStream(response, { heartbeatMs: HEARTBEAT_MS }));
    return true;
  };
}

/** A client that is slow loses deltas: the session keeps a bounded number of events for each reader. */
async function sendEvents(session: Pick<Session, 'events'>, stream: SseStream): Promise<void> {
  using _ = stream;
  const events = session.events({ openQuestions: true });
  stream.closed.addEventListener('abort', () => void events.return?.(), { once: true });
  for await (const event of events) {
    if (isForWatchers(event)) await stream.send('live', JSON.stringify(event));
  }
}

/** The thread so far is in its record, and so are raw items. */
function isForWatchers({ type }: SessionEvent): boolean {
  return type !== 'thread.started' && type !== 'rawItem.recorded';
}
