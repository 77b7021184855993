import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface SpillOptions {
  readonly path: string;
  /** The file grows no further than this. */
  readonly maxBytes: number;
}

/**
 * The whole output of a command in a file, written while the command runs: the model can read what it was not shown, and a
 * crash of keel leaves the last words of the command behind.
 */
export class SpillFile {
  readonly #options: SpillOptions;
  #fd: number | null = null;
  #bytes = 0;
  /** Full, failed or ended: nothing is written any more. */
  #isShut = false;

  constructor(options: SpillOptions) {
    this.#options = options;
  }

  get path(): string {
    return this.#options.path;
  }

  /** Bytes in the file. */
  get bytes(): number {
    return this.#bytes;
  }

  append(chunk: Buffer): void {
    if (this.#isShut) return;
    const size = Math.min(this.#options.maxBytes - this.#bytes, chunk.length);
    try {
      this.#fd ??= this.#create();
      for (let done = 0; done < size; ) done += this.#count(writeSync(this.#fd, chunk, done, size - done));
      this.#isShut = this.#bytes >= this.#options.maxBytes;
    } catch {
      // A full or missing disk must not stop the command: its output is then kept in part only, which is reported.
      this.#isShut = true;
    }
  }

  /** Closes the file; `keep` false removes it. */
  end(keep: boolean): void {
    this.#isShut = true;
    if (this.#fd === null) return;
    closeSync(this.#fd);
    this.#fd = null;
    if (!keep) rmSync(this.#options.path, { force: true });
  }

  #count(written: number): number {
    this.#bytes += written;
    return written;
  }

  #create(): number {
    mkdirSync(dirname(this.#options.path), { recursive: true, mode: 0o700 });
    return openSync(this.#options.path, 'w', 0o600);
  }
}
