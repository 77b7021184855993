import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeelError } from '../../foundation/protocol/index.ts';
import { lockFile } from '../../foundation/util/index.ts';

const LOOK_EVERY_MS = 50;
/** Longer than whoever has it may wait for the issuer. */
const MAX_WAIT_MS = 90_000;

/**
 * Does what only one keel may do at a time: an issuer takes a refresh token once. The system releases the lock of a process that
 * ends. Where the file system has no locks, nobody waits.
 * @throws KeelError `storageFailed` if another one does not end; the signal's reason
 */
export async function withAuthLock<T>(home: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const path = join(home, 'auth.lock');
  const fd = openSync(path, 'a', 0o600);
  try {
    for (let waitedMs = 0; lockFile(fd, 'exclusive') === 'busy'; waitedMs += LOOK_EVERY_MS) {
      if (waitedMs > MAX_WAIT_MS) throw new KeelError('storageFailed', `another keel has ${path} for too long`);
      await sleep(LOOK_EVERY_MS, undefined, { signal });
    }
    return await work();
  } finally {
    closeSync(fd);
  }
}
