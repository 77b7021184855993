import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { OpenFile } from '../../../foundation/files/index.ts';
import { cutBytesEnd } from '../../../foundation/util/index.ts';

/** Limit for one line, UTF-8 bytes. */
export const MAX_LINE_BYTES = 500;
/** Bytes of a line that are kept while it is read: enough that the cut is never inside a character. */
const KEPT_BYTES = MAX_LINE_BYTES + 4;
/** Bytes after this limit are not read: a file may be sparse, or grow as fast as it is read. */
export const MAX_SCANNED_BYTES = 1024 * 1024 * 1024;
const LF = 0x0a;

export interface FileLine {
  /** Without its end; at most `MAX_LINE_BYTES`. Bytes that are not UTF-8 are replaced. */
  readonly text: string;
  /** The line was longer. */
  readonly isCut: boolean;
  /** Some of its bytes were replaced. */
  readonly isLossy: boolean;
}

/** The lines of a file as programs count them: by line feeds alone. Memory is bounded whatever a line's length. */
export async function* linesOfFile({ fd }: OpenFile, signal: AbortSignal): AsyncGenerator<FileLine> {
  const reader = new LineReader();
  // The descriptor is the caller's.
  const options = { fd, start: 0, end: MAX_SCANNED_BYTES - 1, autoClose: false, signal };
  for await (const chunk of createReadStream('', options)) {
    if (Buffer.isBuffer(chunk)) yield* reader.take(chunk);
  }
  yield* reader.rest();
}

/** The lines of a text, as those of a file. */
export async function* linesOfText(text: string): AsyncGenerator<FileLine> {
  const reader = new LineReader();
  yield* reader.take(Buffer.from(text));
  yield* reader.rest();
}

class LineReader {
  /** The start of the line that has not ended yet. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #isLong = false;

  *take(chunk: Buffer): Generator<FileLine> {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      this.#keep(chunk.subarray(start, end));
      yield this.#line();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  *rest(): Generator<FileLine> {
    if (this.#keptBytes > 0) yield this.#line();
  }

  #keep(piece: Buffer): void {
    const part = piece.subarray(0, KEPT_BYTES - this.#keptBytes);
    if (part.length < piece.length) this.#isLong = true;
    if (part.length === 0) return;
    this.#kept.push(part);
    this.#keptBytes += part.length;
  }

  #line(): FileLine {
    const bytes = Buffer.concat(this.#kept);
    const decoded = bytes.toString('utf8');
    const whole = this.#isLong ? decoded : decoded.replace(/\r$/, '');
    const text = cutBytesEnd(whole, MAX_LINE_BYTES);
    // The kept bytes of a long line may end inside a character, after the part that is shown.
    const isLossy = text.includes('\ufffd') && !isUtf8(bytes);
    const line = { text, isCut: this.#isLong || text !== whole, isLossy };
    this.#kept = [];
    this.#keptBytes = 0;
    this.#isLong = false;
    return line;
  }
}
