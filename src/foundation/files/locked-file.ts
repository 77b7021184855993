import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lockFile } from '../util/index.ts';

/** Between two looks at a lock that another process has. */
const LOOK_MS = 20;

/**
 * Runs `work` while this has the lock of a file, which is made if it is missing: one at a time among all processes that use it
 * so. Where the file system has no locks, `work` runs without one.
 * @throws the reason of `signal` if it aborts first, what the system says, or what `work` throws
 */
export async function withFileLock<T>(
  path: string,
  signal: AbortSignal,
  work: (fd: number) => T | Promise<T>,
): Promise<T> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    while (lockFile(fd, 'exclusive') === 'busy') await delay(LOOK_MS, undefined, { signal });
    signal.throwIfAborted();
    return await work(fd);
  } finally {
    closeSync(fd);
  }
}
