import { readSync } from 'node:fs';

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/**
 * The lines of a file as bytes, without their ends: for those who look at few of them and need not decode the rest. Of a
 * line that is longer than `maxBytes` only its beginning is given. A line holds until the next is asked for.
 */
export function* byteLines(fd: number, { maxBytes }: { readonly maxBytes: number }): Generator<Buffer> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let pending: Buffer[] = [];
  let room = maxBytes;
  const keep = (part: Buffer) => {
    const kept = part.subarray(0, room);
    room -= kept.length;
    // The chunk is read over: what has to last is copied.
    if (kept.length > 0) pending.push(Buffer.from(kept));
  };
  for (let size = readSync(fd, chunk); size > 0; size = readSync(fd, chunk)) {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1 && end < size; end = chunk.indexOf(NEWLINE, from)) {
      const part = chunk.subarray(from, end);
      from = end + 1;
      if (pending.length === 0) {
        yield part.subarray(0, maxBytes);
        continue;
      }
      keep(part);
      yield Buffer.concat(pending);
      pending = [];
      room = maxBytes;
    }
    keep(chunk.subarray(from, size));
  }
  if (pending.length > 0) yield Buffer.concat(pending);
}
