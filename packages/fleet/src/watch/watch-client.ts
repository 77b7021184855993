import { setTimeout as delay } from 'node:timers/promises';
import { SessionEvent } from 'keel/protocol';
import { readSse, SILENT_MS, SilenceLimit } from './sse.ts';

export interface WatchOptions {
  /** The front's address. */
  readonly url: string;
  readonly token?: string;
  readonly threadId: string;
  /** The last line that is known; -1: none. Null: live events alone. */
  readonly after: number | null;
  /** How long the front may send nothing before the connection counts as lost, ms. */
  readonly silentMs?: number;
}

export type Watched =
  /** A line of the thread's record. */
  | { readonly type: 'line'; readonly ordinal: number; readonly line: unknown }
  /** A worker runs the thread from here on: what it shows is live. */
  | { readonly type: 'attached' }
  /** It does so no more, or hangs: what happens is in the record. */
  | { readonly type: 'detached' }
  | { readonly type: 'live'; readonly event: SessionEvent };

/** How long a lost connection is left alone at first, and at most, ms. */
const FIRST_WAIT_MS = 100;
const LAST_WAIT_MS = 5_000;

/** The front refused the watch, for good. */
export class WatchRefused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(status === 404 ? 'there is no such thread' : `the fleet refused the watch with ${status}`);
    this.status = status;
  }
}

/**
 * Follows a thread. A connection that is lost is made again from the last line: no line is missed or comes twice.
 * @throws WatchRefused
 */
export async function* watch(options: WatchOptions, signal: AbortSignal): AsyncGenerator<Watched, void, undefined> {
  let last = options.after;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    using silence = new SilenceLimit(options.silentMs ?? SILENT_MS);
    const body = await connect(options, last, AbortSignal.any([signal, silence.signal]));
    if (body !== null) {
      try {
        for await (const sent of readSse(silence.heard(body))) {
          wait = FIRST_WAIT_MS;
          if (sent.event === 'reset') last = last === null ? null : -1;
          const watched = watchedOf(sent);
          if (watched === null) continue;
          if (watched.type === 'line') {
            if (last !== null && watched.ordinal <= last) continue;
            last = watched.ordinal;
          }
          yield watched;
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof TypeError)) throw error;
      }
    }
    await delay(wait, undefined, { signal }).catch(() => undefined);
    wait = Math.min(LAST_WAIT_MS, wait * 2);
  }
}

/** Null: nobody answers now. */
async function connect({ url, token, threadId }: WatchOptions, last: number | null, signal: AbortSignal) {
  const query = last === null ? 'live' : `after=${last}`;
  try {
    const response = await fetch(new URL(`/threads/${encodeURIComponent(threadId)}/watch?${query}`, url), {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal,
    });
    if (response.ok) return response.body;
    await response.body?.cancel();
    if (response.status < 500 && response.status !== 429) throw new WatchRefused(response.status);
    return null;
  } catch (error) {
    if (error instanceof WatchRefused) throw error;
    return null;
  }
}

function watchedOf({ event, data, id }: { readonly event: string; readonly data: string; readonly id: string | null }) {
  if (event === 'attached' || event === 'detached') return { type: event } as const;
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    // A line of the record that a crash cut off.
    return null;
  }
  if (event === 'line') return { type: 'line', ordinal: Number(id), line: value } as const;
  const { data: known } = event === 'live' ? SessionEvent.safeParse(value) : { data: undefined };
  return known === undefined ? null : ({ type: 'live', event: known } as const);
}
