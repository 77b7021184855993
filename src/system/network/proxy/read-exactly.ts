import type { Readable } from 'node:stream';
import { onAbort } from '../../../foundation/util/index.ts';

/** The next `size` bytes, what follows left in the stream; null if it ends or `signal` aborts before. */
export async function readExactly(stream: Readable, size: number, signal: AbortSignal): Promise<Buffer | null> {
  if (size === 0) return Buffer.alloc(0);
  while (!signal.aborted) {
    const bytes: unknown = stream.readableLength >= size ? stream.read(size) : null;
    if (Buffer.isBuffer(bytes)) return bytes;
    if (stream.readableEnded || stream.destroyed || !(await moreBytes(stream, signal))) return null;
  }
  return null;
}

async function moreBytes(stream: Readable, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const onData = () => resolve(true);
  const onEnd = () => resolve(false);
  stream.on('readable', onData);
  for (const event of ['end', 'close', 'error']) stream.on(event, onEnd);
  using _abort = onAbort(signal, onEnd);
  // Asks for more than there is, at which the stream reads on.
  stream.read(0);
  try {
    return await promise;
  } finally {
    stream.off('readable', onData);
    for (const event of ['end', 'close', 'error']) stream.off(event, onEnd);
  }
}
