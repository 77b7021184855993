import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { KeelError, type RolloutItem } from '../../foundation/protocol/index.ts';
import { reasonOf, storageAdvice } from '../../foundation/util/index.ts';

const syncToDisk = promisify(fdatasync);

/** Where a thread is written down. Lines are kept in the order of the calls. */
export interface RolloutRecorder {
  /** Null for a thread that is not kept. */
  readonly path: string | null;
  /**
   * Adds lines, all of them or none. When this returns they have left the process: a crash of keel can't lose them.
   * @throws KeelError `storageFailed`; the file then contains only whole lines, as before
   */
  append(...items: readonly RolloutItem[]): void;
  /**
   * Resolves when every line so far is on the disk itself and survives a loss of power.
   * @throws KeelError `storageFailed`, from then on each time
   */
  sync(): Promise<void>;
  /** Syncs, then gives the file up. A second call waits for the first. */
  close(): Promise<void>;
}

/** Records into a file that is only ever added to. One process writes it at a time (see lease.ts). */
export class FileRecorder implements RolloutRecorder {
  readonly path: string;
  readonly #fd: number;
  readonly #now: () => number;
  /** Bytes that were written, and those of them that are known to be on the disk. */
  #size: number;
  #syncedSize = 0;
  #ordinal: number;
  /** The file ends with a part of a line that could not be cut off: the next one has to start a new line. */
  #isTruncated = false;
  #syncing: Promise<void> | null = null;
  #syncFailure: KeelError | null = null;
  #closing: Promise<void> | null = null;

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

  /** Continues a file. A line that a crash cut off is ended, so that the next one is a line of its own. */
  static open(path: string, now: () => number, nextOrdinal: number): FileRecorder {
    let fd: number | null = null;
    try {
      fd = openSync(path, constants.O_RDWR | constants.O_APPEND);
      const recorder = new FileRecorder(path, fd, now, nextOrdinal);
      recorder.#isTruncated = recorder.#endsWithinLine();
      return recorder;
    } catch (cause) {
      if (fd !== null) closeSync(fd);
      throw storageError(`the record ${path} can't be opened`, cause);
    }
  }

  append(...items: readonly RolloutItem[]): void {
    if (this.#closing) throw new KeelError('sessionClosed', 'the record of this thread is closed');
    const timestamp = new Date(this.#now()).toISOString();
    const lines = items.map((item, at) => `${JSON.stringify({ timestamp, ordinal: this.#ordinal + at, ...item })}\n`);
    this.#write(lines.join(''));
    this.#ordinal += items.length;
  }

  async sync(): Promise<void> {
    await this.#flush();
    if (this.#closing) return;
    // What is written to has no name any more: nobody could take the thread up.
    if (fstatSync(this.#fd).nlink === 0) {
      throw new KeelError('storageFailed', `the record of this thread, ${this.path}, has been deleted`);
    }
  }

  async #flush(): Promise<void> {
    const wanted = this.#size;
    // A sync that is under way may have begun before the newest lines: then one more is needed.
    while (this.#syncedSize < wanted) {
      if (this.#syncFailure) throw this.#syncFailure;
      this.#syncing ??= this.#sync();
      await this.#syncing;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#flush();
    } finally {
      closeSync(this.#fd);
    }
  }

  async #sync(): Promise<void> {
    const size = this.#size;
    try {
      await syncToDisk(this.#fd);
      this.#syncedSize = size;
    } catch (cause) {
      // The system forgets what it failed to write: a later success would prove nothing, so the failure stays.
      this.#syncFailure = storageError(`the record ${this.path} can't be brought to the disk`, cause);
      throw this.#syncFailure;
    } finally {
      this.#syncing = null;
    }
  }

  #write(lines: string): void {
    const bytes = Buffer.from(this.#isTruncated ? `\n${lines}` : lines, 'utf8');
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written);
    } catch (cause) {
      if (written > 0) this.#cutOff(written);
      throw storageError(`the thread can't be recorded in ${this.path}`, cause);
    }
    this.#size += bytes.length;
    this.#isTruncated = false;
  }

  /** Half a line helps nobody: the file goes back to its last whole one. */
  #cutOff(partialBytes: number): void {
    try {
      ftruncateSync(this.#fd, this.#size);
    } catch {
      // The disk takes nothing at all any more. Should it recover, the next line is fenced off from this part.
      this.#size += partialBytes;
      this.#isTruncated = true;
    }
  }

  #endsWithinLine(): boolean {
    if (this.#size === 0) return false;
    const last = Buffer.alloc(1);
    readSync(this.#fd, last, 0, 1, this.#size - 1);
    return last[0] !== 0x0a;
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
  const reason = reasonOf(cause);
  return new KeelError('storageFailed', `${what}: ${reason}.${storageAdvice(reason)}`, { cause });
}
