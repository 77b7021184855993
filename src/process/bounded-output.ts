import { StringDecoder } from 'node:string_decoder';

/** What is kept in memory of one command's output, bytes: half from its beginning, half from its end. */
export const MAX_KEPT_BYTES = 256 * 1024;

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

  constructor(limit: number = MAX_KEPT_BYTES) {
    this.#headLimit = Math.floor(limit / 2);
    this.#tailLimit = limit - this.#headLimit;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Bytes that were dropped from the middle. */
  get omittedBytes(): number {
    return this.#totalBytes - this.#headBytes - Math.min(this.#tailBytes, this.#tailLimit);
  }

  append(chunk: Buffer): void {
    this.#totalBytes += chunk.length;
    const room = this.#headLimit - this.#headBytes;
    if (room > 0) {
      this.#head.push(Buffer.from(chunk.subarray(0, room)));
      this.#headBytes += Math.min(room, chunk.length);
    }
    if (chunk.length > room) this.#appendTail(chunk.subarray(Math.max(0, room)));
  }

  /** The kept text; where bytes were dropped a line says how many. Bytes that are not UTF-8 are replaced. */
  text(): string {
    const head = Buffer.concat(this.#head);
    const tail = this.#tailBuffer();
    const omitted = this.omittedBytes;
    if (omitted === 0) return Buffer.concat([head, tail]).toString('utf8');
    const start = firstCharacter(tail);
    const left = head.toString('utf8', 0, lastCharacterEnd(head));
    return `${left}\n[... ${omitted} bytes left out ...]\n${tail.toString('utf8', start)}`;
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

/** Decodes chunks of UTF-8 that may be cut inside a character, for live display. */
export class ChunkDecoder {
  readonly #decoder = new StringDecoder('utf8');

  decode(chunk: Buffer): string {
    return this.#decoder.write(chunk);
  }
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
