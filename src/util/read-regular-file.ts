import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';

/**
 * The bytes of a regular file, or the first `maxBytes` of them; links are followed. A pipe would be waited for without end, and
 * a device may have none: whoever put one in the place of a file would hold keel up for good.
 * @throws what the system says, and for whatever is no regular file
 */
export function readRegularFile(path: string, maxBytes = Number.POSITIVE_INFINITY): Buffer {
  // So that opening a pipe does not wait for its other end; a file does not mind.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error('it is not a regular file');
    if (stat.size <= maxBytes) return readFileSync(fd);
    const start = Buffer.alloc(maxBytes);
    return start.subarray(0, readSync(fd, start));
  } finally {
    closeSync(fd);
  }
}
