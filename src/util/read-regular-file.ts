import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/**
 * The bytes of a regular file, links followed. A pipe would be waited for without end, and a device may have none: whoever
 * put one in the place of a file would hold keel up for good.
 * @throws what the system says, and for whatever is no regular file
 */
export function readRegularFile(path: string): Buffer {
  // So that opening a pipe does not wait for its other end; a file does not mind.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    if (!fstatSync(fd).isFile()) throw new Error('it is not a regular file');
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}
