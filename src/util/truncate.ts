import { byteLength, cutBytesEnd, cutBytesStart } from './bytes.ts';

/** What a model sees of one output, UTF-8 bytes; a header line comes on top. */
export const MAX_OUTPUT_BYTES = 10_240;
export const MAX_OUTPUT_LINES = 256;
const HEAD_LINES = 128;
const TAIL_LINES = 128;
const HEAD_BYTES = 5_120;

/**
 * Cuts the middle out of a text that is too long for a model: whole lines where there are too many, bytes where lines are
 * long. The marker and the header say how much is missing. A text that was cut before passes unchanged. `reservedBytes` are
 * left free for lines that follow.
 */
export function truncateForModel(text: string, reservedBytes = 0): string {
  const lines = linesOf(text);
  const fits = byteLength(text) <= MAX_OUTPUT_BYTES - reservedBytes;
  if (lines.length <= MAX_OUTPUT_LINES && fits) return text;
  if (wasTruncated(text)) return text;
  const header = `Total output lines: ${lines.length}\n\n`;
  const omitted = lines.length - HEAD_LINES - TAIL_LINES;
  if (omitted <= 0) {
    const marker = `\n[... output truncated to fit ${MAX_OUTPUT_BYTES} bytes ...]\n\n`;
    return header + join(text, marker, text, reservedBytes);
  }
  const marker = `\n[... omitted ${omitted} of ${lines.length} lines ...]\n\n`;
  return header + join(lines.slice(0, HEAD_LINES).join(''), marker, lines.slice(-TAIL_LINES).join(''), reservedBytes);
}

/** Head and tail around the marker, `MAX_OUTPUT_BYTES` in all. */
function join(head: string, marker: string, tail: string, reservedBytes: number): string {
  const room = MAX_OUTPUT_BYTES - reservedBytes - byteLength(marker);
  const kept = cutBytesEnd(head, Math.min(HEAD_BYTES, room));
  return kept + marker + cutBytesStart(tail, room - byteLength(kept));
}

/** Lines with their newline; a newline at the end begins no further line. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function wasTruncated(text: string): boolean {
  const header = /^Total output lines: \d+\n\n/.exec(text)?.[0];
  return header !== undefined && byteLength(text) - header.length <= MAX_OUTPUT_BYTES;
}
