import { byteLength, cutBytesEnd, cutBytesStart } from './bytes.ts';

const BYTES_PER_TOKEN = 4;

/** Cuts a text to `maxBytes`: what is too much goes from its middle, at line ends where there are any. */
export function cutMiddle(text: string, maxBytes: number): string {
  if (byteLength(text) <= maxBytes) return text;
  const marker = (tokens: number) => `…${tokens} tokens truncated…\n`;
  const room = Math.max(0, maxBytes - byteLength(marker(text.length)));
  const start = cutBytesEnd(text, Math.floor(room / 2));
  const end = cutBytesStart(text, Math.ceil(room / 2));
  const head = start.includes('\n') ? start.slice(0, start.lastIndexOf('\n') + 1) : start;
  const tail = end.includes('\n') ? end.slice(end.indexOf('\n') + 1) : end;
  const removed = byteLength(text) - byteLength(head) - byteLength(tail);
  return head + marker(Math.ceil(removed / BYTES_PER_TOKEN)) + tail;
}
