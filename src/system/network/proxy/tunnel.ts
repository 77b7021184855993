import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Carries bytes both ways until both have ended, one fails, or nothing has passed for `idleMs`. The end of one way is
 * passed on and leaves the other open.
 */
export function tunnel(near: Duplex, far: Socket, idleMs: number): void {
  const close = () => {
    near.destroy();
    far.destroy();
  };
  for (const side of [near, far]) {
    side.on('error', close);
    side.once('close', () => {
      // What it sent before is still to be delivered where it ended in order.
      const other = side === near ? far : near;
      if (side.readableEnded && !other.writableFinished && !other.destroyed) other.once('finish', close);
      else close();
    });
  }
  far.setTimeout(idleMs, close);
  near.pipe(far);
  far.pipe(near);
}
