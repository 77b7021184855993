import { fchmodSync, fstatSync, writeSync } from 'node:fs';

/**
 * Gives an open file another content, in place: a sandboxed command that runs would see a file that is put in the place of a hidden
 * one. Newlines after the text cover the rest of a longer one in the same write, so that a crash leaves no mixture.
 */
export function writeInPlace(fd: number, content: string, mode: number): void {
  const text = Buffer.from(content);
  fchmodSync(fd, mode);
  const rest = Math.max(fstatSync(fd).size - text.length, 0);
  writeSync(fd, Buffer.concat([text, Buffer.alloc(rest, '\n')]), 0, null, 0);
}
