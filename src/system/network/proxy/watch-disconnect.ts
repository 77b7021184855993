import type { Duplex } from 'node:stream';

export interface Disconnect {
  /** Aborts when the other side has closed or ended without having sent more, or the proxy closes. */
  readonly signal: AbortSignal;
  /** Call before the stream is read by others. */
  release(): void;
}

/** Watches a connection that waits and is not read meanwhile: unread, its end would not be noticed. */
export function watchDisconnect(stream: Duplex, closed: AbortSignal): Disconnect {
  const gone = new AbortController();
  const leave = () => gone.abort();
  // At an end with nothing before it there is nothing to read, which is found out by reading.
  const look = () => {
    if (stream.readableLength === 0) stream.read();
  };
  stream.once('close', leave);
  stream.once('end', leave);
  stream.on('readable', look);
  return {
    signal: AbortSignal.any([gone.signal, closed]),
    release() {
      stream.off('end', leave);
      stream.off('readable', look);
    },
  };
}
