import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * A plain file, or its beginning, that anybody may have put there. A pipe would make a plain open wait for ever, and opening a
 * device can do something by itself.
 * @throws Node's error, or one that says that it is no plain file
 */
export function readPlainFile(path: string, maxBytes = Number.POSITIVE_INFINITY): string {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0));
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error(`${path} is no plain file`);
    const bytes = Buffer.alloc(Math.min(stats.size, maxBytes));
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
