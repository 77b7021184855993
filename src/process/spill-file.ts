import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface SpillOptions {
  readonly path: string;
  /** The file grows no further than this. */
  readonly maxBytes: number;
}

/**
 * The whole output of a command in a file, written while the command runs: the model can read what it was not shown, and a
 * crash of keel leaves the last words of the command behind. Output that turns out short leaves no file.
 */
export class SpillFile {
  readonly #options: SpillOptions;
  #fd: number | null = null;
  #bytes = 0;
  #failed = false;

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
    const room = this.#options.maxBytes - this.#bytes;
    if (this.#failed || room <= 0) return;
    try {
      this.#fd ??= this.#create();
      this.#bytes += writeSync(this.#fd, chunk, 0, Math.min(room, chunk.length));
    } catch {
      // A full or missing disk must not stop the command: its output is then kept in part only, which is told.
      this.#failed = true;
    }
  }

  /** Closes the file; `keep` false removes it. @returns whether a file is left */
  end(keep: boolean): boolean {
    if (this.#fd === null) return false;
    closeSync(this.#fd);
    this.#fd = null;
    if (keep) return true;
    unlinkSync(this.#options.path);
    return false;
  }

  #create(): number {
    mkdirSync(dirname(this.#options.path), { recursive: true, mode: 0o700 });
    return openSync(this.#options.path, 'w', 0o600);
  }
}
