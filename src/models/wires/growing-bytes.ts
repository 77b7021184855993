const FIRST_CAPACITY = 64 * 1024;

/** UTF-8 text that only grows. What was given out is never written to again, so that it can still be on its way. */
export class GrowingBytes {
  #buffer = Buffer.alloc(0);
  #used = 0;

  get length(): number {
    return this.#used;
  }

  append(text: string): void {
    const needed = this.#used + Buffer.byteLength(text);
    if (needed > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(FIRST_CAPACITY, needed, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#used += this.#buffer.write(text, this.#used);
  }

  slice(from: number, to: number): Uint8Array {
    return this.#buffer.subarray(from, to);
  }
}
