import { setTimeout as delay } from 'node:timers/promises';
import { ownerAddress } from 'keel/session';
import { tailRollout } from './rollout-tail.ts';
import { readSse, type SseStream } from './sse.ts';

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
}

/** How soon a worker is looked for that has the thread, ms. */
const LOOK_MS = 250;

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
  while (!signal.aborted) {
    const path = thread.rolloutPath();
    const address = path === null ? null : ownerAddress(path);
    if (address !== null && thread.isWorker(address)) await forwardLive(thread, address, stream, signal);
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Until the worker ends the stream: its session has ended, or moved. */
async function forwardLive(
  { threadId, secret }: WatchedThread,
  address: string,
  stream: SseStream,
  signal: AbortSignal,
): Promise<void> {
  try {
    const response = await fetch(new URL(`/live/${threadId}`, address), {
      headers: { authorization: `Bearer ${secret}` },
      signal,
    });
    if (!response.ok || response.body === null) return void response.body?.cancel();
    await stream.send('attached', '{}');
    for await (const { event, data } of readSse(response.body)) {
      if (event === 'live') await stream.send('live', data);
    }
  } catch {
    // It is gone, or the client is: the caller looks which.
  }
}
