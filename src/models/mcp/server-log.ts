import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** What a server prints as errors goes to the log up to this size, characters; a line of it too. */
const MAX_LOGGED_CHARS = 64 * 1024;
const MAX_LINE_CHARS = 2_000;

/** Reads what a server prints as errors to its end, and logs the first of it line by line. */
export function watchErrors(errors: Readable, log: (line: string) => void): void {
  const decoder = new StringDecoder('utf8');
  let room = MAX_LOGGED_CHARS;
  let pending = '';
  const logLine = (line: string) => {
    if (line === '' || room <= 0) return;
    room -= line.length;
    log(room > 0 ? printable(line) : `${printable(line)} (what it prints after this is not logged)`);
  };
  errors.on('data', (chunk: Buffer) => {
    if (room <= 0) return;
    const lines = (pending + decoder.write(chunk)).split('\n');
    pending = (lines.pop() ?? '').slice(0, MAX_LINE_CHARS);
    for (const line of lines) logLine(line.slice(0, MAX_LINE_CHARS));
  });
  errors.once('close', () => logLine(pending));
  // Its launcher reports how the server ended.
  errors.on('error', () => undefined);
}

function printable(line: string): string {
  return line.replaceAll(/\p{Cc}+/gu, ' ');
}
