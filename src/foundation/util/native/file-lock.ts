import { cLibrary } from './c-library.ts';

/** `unsupported`: the file system, or this system, has no such locks. */
export type LockResult = 'locked' | 'busy' | 'unsupported';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const EINTR = 4;
const WOULD_BLOCK = new Set([11, 35]);

/**
 * Locks a file that is open, as flock(2) does, without waiting. The lock belongs to the open file: the kernel releases it when
 * the descriptor is closed, however its process ends, and sees it from every container of the machine; a network file
 * system shows it to other machines. Loads the C library (some 4 ms the first time).
 */
export function lockFile(fd: number, mode: 'shared' | 'exclusive'): LockResult {
  try {
    const { functions, native } = cLibrary();
    const flock: (...args: number[]) => number = functions.func('flock', 'int', ['int', 'int']);
    const operation = (mode === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB;
    for (;;) {
      if (flock(fd, operation) === 0) return 'locked';
      const error = native.errno();
      if (error !== EINTR) return WOULD_BLOCK.has(error) ? 'busy' : 'unsupported';
    }
  } catch {
    // No native module for this platform.
    return 'unsupported';
  }
}
