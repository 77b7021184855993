import type { Readable } from 'node:stream';
import { onAbort } from '../../../foundation/util/index.ts';

/** The next `size` bytes, what follows left in the stream; null if it ends or `signal` aborts before, and what came is lost then. */
export async function readExactly(stream: Readable, size: number, signal: AbortSignal): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < size) {
    if (signal.aborted) return null;
    // Taken out as it comes: a stream whose last bytes stay in it does not report its end.
    const bytes: unknown = stream.read();
    if (Buffer.isBuffer(bytes)) {
      chunks.push(bytes);
      length += bytes.length;
    } else if (stream.readableEnded || stream.destroyed || !(await moreBytes(stream, signal))) return null;
  }
  const all = Buffer.concat(chunks, length);
  if (length > size) stream.unshift(all.subarray(size));
  return all.subarray(0, size);
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
