import { setTimeout as delay } from 'node:timers/promises';
import { ownerAddress } from 'keel/session';
import { WORKER_SILENT_MS } from './live-route.ts';
import { tailRollout } from './rollout-tail.ts';
import { readSse, SilenceLimit, type SseStream } from './sse.ts';

export interface WatchedThread {
  readonly threadId: string;
  /** Null as long as there is no record. */
  readonly rolloutPath: () => string | null;
  /** The last line that the client has; -1: none. Null: it wants none of the record. */
  readonly after: number | null;
  /** The workers' shared secret. */
  readonly secret: string;
  /** Whether a worker may be at this address, which a lease names: the secret is sent to no other. */
  readonly isWorker: (address: string) => boolean;
  /** How long a worker may show nothing before it counts as hung, ms. */
  readonly silentMs?: number;
}

/** How soon a worker is looked for that has the thread, ms: at first, and where none has it for long. */
const LOOK_MS = 250;
const LAST_LOOK_MS = 500;

/**
 * Sends a thread to a client until that is gone: the lines of its record, in order and without a gap, and beside them what the worker
 * that runs it shows as it happens. The record survives every move of the thread; live events may be lost with it.
 */
export async function watchThread(thread: WatchedThread, stream: SseStream): Promise<void> {
  using _ = stream;
  const signal = stream.closed;
  await Promise.all([sendRecord(thread, stream, signal), sendLive(thread, stream, signal)]);
}

async function sendRecord(
  { rolloutPath, after }: WatchedThread,
  stream: SseStream,
  signal: AbortSignal,
): Promise<void> {
  if (after === null) return;
  try {
    for await (const { ordinal, text } of tailRollout(rolloutPath, after, signal)) {
      await stream.send('line', text, ordinal);
    }
  } catch (error) {
    // The client starts again from the first line.
    await stream.send('reset', JSON.stringify({ reason: error instanceof Error ? error.message : String(error) }));
    stream[Symbol.dispose]();
  }
}

async function sendLive(thread: WatchedThread, stream: SseStream, signal: AbortSignal): Promise<void> {
  for (let wait = LOOK_MS; !signal.aborted; wait = Math.min(LAST_LOOK_MS, wait * 1.5)) {
    const address = ownerOf(thread);
    if (address !== null && thread.isWorker(address) && (await forwardLive(thread, address, stream, signal))) {
      wait = LOOK_MS;
    }
    await delay(wait, undefined, { signal }).catch(() => undefined);
  }
}

function ownerOf({ rolloutPath }: WatchedThread): string | null {
  const path = rolloutPath();
  return path === null ? null : ownerAddress(path);
}

/**
 * Until the worker ends the stream, since its session has ended or moved; or falls silent; or another one has the thread.
 * @returns whether it showed the thread
 */
async function forwardLive(
  thread: WatchedThread,
  address: string,
  stream: SseStream,
  signal: AbortSignal,
): Promise<boolean> {
  const { threadId, secret, silentMs = WORKER_SILENT_MS } = thread;
  let isAttached = false;
  using silence = new SilenceLimit(silentMs);
  using moved = new OwnerChange(thread, address);
  try {
    const response = await fetch(new URL(`/live/${threadId}`, address), {
      headers: { authorization: `Bearer ${secret}` },
      signal: AbortSignal.any([signal, silence.signal, moved.signal]),
    });
    if (response.ok && response.body !== null) {
      isAttached = true;
      // A client that takes nothing for a while is no silence of the worker.
      await silence.pausedFor(stream.send('attached', '{}'));
      for await (const { event, data } of readSse(silence.heard(response.body))) {
        if (event === 'live') await stream.send('live', data);
      }
    } else await response.body?.cancel();
  } catch {
    // It is gone or hangs, or the client is gone: the caller looks which.
  }
  if (isAttached) await stream.send('detached', '{}');
  return isAttached;
}

/** Looks again and again who has a thread: a worker that was cut off from the others may show it for long after it has lost it. */
class OwnerChange implements Disposable {
  readonly #changed = new AbortController();
  readonly #timer: NodeJS.Timeout;

  constructor(thread: WatchedThread, address: string) {
    this.#timer = setInterval(() => {
      // A thread without an owner is closing here, and the worker shows that.
      if (isOfAnother(thread, address)) this.#changed.abort();
    }, LAST_LOOK_MS);
  }

  /** Aborts when another worker has it. */
  get signal(): AbortSignal {
    return this.#changed.signal;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

function isOfAnother(thread: WatchedThread, address: string): boolean {
  try {
    const owner = ownerOf(thread);
    return owner !== null && owner !== address;
  } catch {
    // The shared directory is away for a moment, which says nothing of the owner.
    return false;
  }
}
