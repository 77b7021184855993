import { readSync } from 'node:fs';
import { FileFault, type OpenOptions, openFile } from './open-real.ts';

const CHUNK_BYTES = 256 * 1024;

export interface ReadOptions extends OpenOptions {
  /** A longer file is refused. */
  readonly maxBytes: number;
}

/** The beginning of a file. */
export interface FileStart {
  readonly bytes: Buffer;
  /** Bytes of the whole file when it was opened; more may have been read of one that has grown. */
  readonly total: number;
}

/**
 * The bytes of a regular file: pipes, devices and endless files are refused, never waited for.
 * @throws FileFault, or what the system says
 */
export function readRegularFile(path: string | Buffer, { maxBytes, ...options }: ReadOptions): Buffer {
  using file = openFile(path, options);
  // Looked at first: a sparse file of a terabyte is not read to find out that it is too long.
  if (file.place.stats.size > maxBytes) throw tooLong(maxBytes);
  const bytes = readUpTo(file.fd, maxBytes + 1, file.place.stats.size);
  if (bytes.length > maxBytes) throw tooLong(maxBytes);
  return bytes;
}

/** The first `maxBytes` of a regular file. @throws FileFault, or what the system says */
export function readFileStart(path: string | Buffer, { maxBytes, ...options }: ReadOptions): FileStart {
  using file = openFile(path, options);
  const { size } = file.place.stats;
  const bytes = readUpTo(file.fd, maxBytes, size);
  return { bytes, total: Math.max(size, bytes.length) };
}

/** What comes next from a descriptor, at most `maxBytes`. @param expected bytes that are likely to come */
function readUpTo(fd: number, maxBytes: number, expected: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length < maxBytes) {
    const missing = expected - length;
    const room = Math.min(maxBytes - length, missing > 0 ? missing : CHUNK_BYTES);
    const chunk = Buffer.allocUnsafe(room);
    const read = readSync(fd, chunk, 0, room, null);
    if (read === 0) break;
    chunks.push(chunk.subarray(0, read));
    length += read;
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, length);
}

function tooLong(maxBytes: number): FileFault {
  return new FileFault(`it is larger than ${maxBytes} bytes`);
}
