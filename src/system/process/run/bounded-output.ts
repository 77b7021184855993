import type { PartialText } from '../../../foundation/util/index.ts';

/** What is kept in memory of one command's output, bytes: half from its beginning, half from its end. */
const MAX_KEPT_BYTES = 256 * 1024;

const NEWLINE = 0x0a;

/**
 * The output of a command, bounded: a gigabyte costs what a quarter of a megabyte does. What was left out of the middle is
 * counted exactly.
 */
export class BoundedOutput {
  readonly #headLimit: number;
  readonly #tailLimit: number;
  readonly #head: Buffer[] = [];
  #headBytes = 0;
  #tail: Buffer[] = [];
  #tailBytes = 0;
  #totalBytes = 0;
  #newlines = 0;
  #endsInLine = false;

  constructor(limit: number = MAX_KEPT_BYTES) {
    this.#headLimit = Math.floor(limit / 2);
    this.#tailLimit = limit - this.#headLimit;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Lines of the whole output; a newline at its end begins no further line. */
  get totalLines(): number {
    return this.#newlines + (this.#endsInLine ? 1 : 0);
  }

  /** Bytes that were dropped from the middle. */
  get omittedBytes(): number {
    return this.#totalBytes - this.#headBytes - Math.min(this.#tailBytes, this.#tailLimit);
  }

  append(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#totalBytes += chunk.length;
    this.#newlines += countNewlines(chunk);
    this.#endsInLine = chunk[chunk.length - 1] !== NEWLINE;
    const room = this.#headLimit - this.#headBytes;
    if (room > 0) {
      this.#head.push(Buffer.from(chunk.subarray(0, room)));
      this.#headBytes += Math.min(room, chunk.length);
    }
    if (chunk.length > room) this.#appendTail(chunk.subarray(Math.max(0, room)));
  }

  /** Beginning and end as text, with the numbers of the whole. Bytes that are not UTF-8 are replaced. */
  partial(): PartialText {
    const { totalBytes, totalLines } = this;
    const head = Buffer.concat(this.#head);
    const tail = this.#tailBuffer();
    if (this.omittedBytes === 0) {
      return { head: Buffer.concat([head, tail]).toString('utf8'), tail: '', totalBytes, totalLines };
    }
    return {
      head: head.toString('utf8', 0, lastCharacterEnd(head)),
      tail: tail.toString('utf8', firstCharacter(tail)),
      totalBytes,
      totalLines,
    };
  }

  /** The kept text; where bytes were dropped a line says how much is missing. */
  text(): string {
    const { head, tail } = this.partial();
    const omitted = this.omittedBytes;
    if (omitted === 0) return head;
    const lines = this.totalLines - countNewlinesIn(head) - countNewlinesIn(tail);
    return `${head}\n[... ${omitted} bytes (${Math.max(0, lines)} lines) left out ...]\n${tail}`;
  }

  #appendTail(chunk: Buffer): void {
    const part = chunk.length > this.#tailLimit ? chunk.subarray(chunk.length - this.#tailLimit) : chunk;
    this.#tail.push(Buffer.from(part));
    this.#tailBytes += part.length;
    // Compacted now and then, so that a flood of small chunks costs no more than its bytes.
    if (this.#tailBytes > this.#tailLimit * 2) {
      this.#tail = [this.#tailBuffer()];
      this.#tailBytes = this.#tail[0]?.length ?? 0;
    }
  }

  #tailBuffer(): Buffer {
    const all = Buffer.concat(this.#tail);
    return all.length > this.#tailLimit ? all.subarray(all.length - this.#tailLimit) : all;
  }
}

/** Four bytes at a time: byte by byte, a gigabyte of output would cost seconds in this loop alone. */
function countNewlines(bytes: Buffer): number {
  // A short one may end before the first place where four bytes can be read at a time.
  if (bytes.length < 8) return countOneByOne(bytes, 0, bytes.length);
  const lead = (4 - (bytes.byteOffset & 3)) & 3;
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >> 2);
  let count = countOneByOne(bytes, 0, lead) + countOneByOne(bytes, lead + words.length * 4, bytes.length);
  for (let at = 0; at < words.length; at += 1) {
    // A byte of `rest` is zero where there was a newline; `found` has 0x80 in those places only.
    const rest = (words[at] ?? 0) ^ 0x0a0a0a0a;
    const found = ~(((rest & 0x7f7f7f7f) + 0x7f7f7f7f) | rest | 0x7f7f7f7f);
    count += Math.imul((found >>> 7) & 0x01010101, 0x01010101) >>> 24;
  }
  return count;
}

function countOneByOne(bytes: Buffer, start: number, end: number): number {
  let count = 0;
  for (let at = start; at < end; at += 1) if (bytes[at] === NEWLINE) count += 1;
  return count;
}

function countNewlinesIn(text: string): number {
  return text.split('\n').length - 1;
}

function firstCharacter(bytes: Buffer): number {
  let at = 0;
  while (at < Math.min(3, bytes.length) && ((bytes[at] ?? 0) & 0xc0) === 0x80) at += 1;
  return at;
}

/** Where a text has to be cut so that no character is split. */
function lastCharacterEnd(bytes: Buffer): number {
  let start = bytes.length - 1;
  while (start > 0 && bytes.length - start < 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  const lead = bytes[start] ?? 0;
  const width = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return start + width > bytes.length ? start : bytes.length;
}
