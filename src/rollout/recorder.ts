import { closeSync, fdatasync, fstatSync, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { KeelError, type RolloutItem } from '../protocol/index.ts';

const syncToDisk = promisify(fdatasync);

/** Where a thread is written down. Lines are kept in the order of the calls. */
export interface RolloutRecorder {
  /** Null for a thread that is not kept. */
  readonly path: string | null;
  /**
   * Adds lines, all of them or none. When this returns they have left the process: a crash of keel can't lose them.
   * @throws KeelError `storageFailed`; the file then holds only whole lines, as before
   */
  append(...items: readonly RolloutItem[]): void;
  /** Resolves when every line so far is on the disk itself and survives a loss of power. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** Records into a file that is only ever added to. One process writes it at a time (see lease.ts). */
export class FileRecorder implements RolloutRecorder {
  readonly path: string;
  readonly #fd: number;
  readonly #now: () => number;
  #size: number;
  #ordinal: number;
  #dirty = false;
  #closed = false;

  private constructor(path: string, fd: number, now: () => number, ordinal: number) {
    this.path = path;
    this.#fd = fd;
    this.#now = now;
    this.#ordinal = ordinal;
    this.#size = fstatSync(fd).size;
  }

  /** A new file, readable by its owner only. */
  static create(path: string, now: () => number): FileRecorder {
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      return new FileRecorder(path, openSync(path, 'ax+', 0o600), now, 0);
    } catch (cause) {
      throw storageError(`a record of this thread can't be created in ${dirname(path)}`, cause);
    }
  }

  /** Goes on with a file. A line that a crash cut off is fenced, so that the next one stands alone. */
  static open(path: string, now: () => number, nextOrdinal: number): FileRecorder {
    try {
      const recorder = new FileRecorder(path, openSync(path, 'a+', 0o600), now, nextOrdinal);
      recorder.#fenceTornLine();
      return recorder;
    } catch (cause) {
      throw storageError(`the record ${path} can't be opened`, cause);
    }
  }

  append(...items: readonly RolloutItem[]): void {
    if (this.#closed) throw new KeelError('sessionClosed', 'the record of this thread is closed');
    const timestamp = new Date(this.#now()).toISOString();
    const lines = items.map((item, at) => `${JSON.stringify({ timestamp, ordinal: this.#ordinal + at, ...item })}\n`);
    this.#write(Buffer.from(lines.join(''), 'utf8'));
    this.#ordinal += items.length;
  }

  async sync(): Promise<void> {
    if (!this.#dirty || this.#closed) return;
    this.#dirty = false;
    try {
      await syncToDisk(this.#fd);
    } catch (cause) {
      this.#dirty = true;
      throw storageError(`the record ${this.path} can't be brought to the disk`, cause);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.sync();
    } finally {
      this.#closed = true;
      closeSync(this.#fd);
    }
  }

  #write(bytes: Buffer): void {
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (cause) {
      // Half a line helps nobody: the file goes back to its last whole one.
      if (written > 0) ftruncateSync(this.#fd, this.#size);
      throw storageError(`the thread can't be recorded in ${this.path}`, cause);
    }
    this.#size += bytes.length;
    this.#dirty = true;
  }

  #fenceTornLine(): void {
    if (this.#size === 0) return;
    const last = Buffer.alloc(1);
    readSync(this.#fd, last, 0, 1, this.#size - 1);
    if (last[0] !== 0x0a) this.#write(Buffer.from('\n'));
  }
}

/** For a thread that leaves no trace. */
export class NullRecorder implements RolloutRecorder {
  readonly path = null;

  append(): void {
    // Not kept, by the user's wish.
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function storageError(what: string, cause: unknown): KeelError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const advice = /ENOSPC/.test(reason) ? ' Free some space, then resume the thread.' : '';
  return new KeelError('storageFailed', `${what}: ${reason}.${advice}`, { cause });
}
