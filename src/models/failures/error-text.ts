import { maskSecrets } from '../../foundation/secrets/index.ts';
import { byteLength, cutBytesEnd, cutBytesStart } from '../../foundation/util/index.ts';

/** Most of a server's text that goes into a message, in UTF-8 bytes. */
const MAX_SERVER_TEXT_BYTES = 2048;
const CUT_MARK = ' ... ';

/** A server's text fit for a person: secrets masked, since servers echo what they were sent; cut in the middle to 2,048 bytes. */
export function serverText(text: string, secrets: readonly string[]): string {
  const clean = maskSecrets(text, secrets).trim();
  if (byteLength(clean) <= MAX_SERVER_TEXT_BYTES) return clean;
  const half = (MAX_SERVER_TEXT_BYTES - CUT_MARK.length) / 2;
  return `${cutBytesEnd(clean, Math.floor(half))}${CUT_MARK}${cutBytesStart(clean, Math.floor(half))}`;
}

/** When a usage limit ends (`resetsAt`: Unix milliseconds), for a person: `in 2 days 3 hours`, `in less than a minute`, `later`. */
export function untilText(resetsAt: number | null, nowMs: number): string {
  if (resetsAt === null) return 'later';
  const minutes = Math.floor((resetsAt - nowMs) / 60_000);
  if (minutes < 1) return 'in less than a minute';
  const parts = [
    counted(Math.floor(minutes / 1440), 'day'),
    counted(Math.floor((minutes % 1440) / 60), 'hour'),
    counted(minutes % 60, 'minute'),
  ];
  return `in ${parts.filter((part) => part !== null).join(' ')}`;
}

function counted(count: number, unit: string): string | null {
  return count === 0 ? null : `${count} ${unit}${count === 1 ? '' : 's'}`;
}
