import { readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

/** The lines of a file, read in chunks: a long thread is never in memory as one text. The last may lack its end. */
export function* textLines(fd: number, { chunkBytes }: { readonly chunkBytes: number }): Generator<string> {
  const decoder = new StringDecoder('utf8');
  const chunk = Buffer.allocUnsafe(chunkBytes);
  /** The beginnings of a line whose end is still to come; joined once, however long the line is. */
  let pending: string[] = [];
  for (let size = readSync(fd, chunk); size > 0; size = readSync(fd, chunk)) {
    const [first = '', ...others] = decoder.write(chunk.subarray(0, size)).split('\n');
    pending.push(first);
    const last = others.pop();
    if (last === undefined) continue;
    yield pending.join('');
    yield* others;
    pending = [last];
  }
  const rest = pending.join('') + decoder.end();
  if (rest !== '') yield rest;
}
