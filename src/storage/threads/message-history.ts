import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { KeelError, type TypedMessage } from '../../foundation/protocol/index.ts';
import { monotonicMs, randomUUID, readJson, reasonOf } from '../../foundation/util/index.ts';
import { acquireLease, type Lease } from '../rollout/index.ts';

/** How long a message waits for other processes that write theirs. */
const MAX_WAIT_MS = 2_000;
const MAX_PAUSE_MS = 10;
/** What a file that is over its limit is brought down to, so that it is not rewritten for every message. */
const KEPT_SHARE = 0.8;
const NEWLINE = 0x0a;
const MODE = 0o600;

const Line = z.lazy(() => z.object({ session_id: z.string(), ts: z.number(), text: z.string() }));

export interface HistoryLookup {
  /** From the oldest message, 0. */
  readonly offset: number;
  /** The file that the offset counts in; null: the one that is there now. */
  readonly logId: number | null;
}

export interface HistoryAnswer {
  /** Id of the file that is there now; 0 if there is none. Another number after old messages were dropped. */
  readonly logId: number;
  readonly entryCount: number;
  /** Null for an offset or a file that is gone, and for a damaged line. */
  readonly entry: TypedMessage | null;
}

/**
 * What the user typed, in all threads, one line a message in `<home>/history.jsonl`: for surfaces that offer it again.
 * Several processes write it; a lock beside it lets them do so one after the other.
 */
export class MessageHistory {
  readonly #path: string;
  readonly #maxBytes: number;
  /** The message that is being written: in one process they keep their order. */
  #last: Promise<void> = Promise.resolve();

  constructor(home: string, { maxBytes }: { readonly maxBytes: number }) {
    this.#path = join(home, 'history.jsonl');
    this.#maxBytes = maxBytes;
  }

  /**
   * Adds a message at the end; the oldest go when the file gets too long.
   * @throws KeelError `storageFailed`
   */
  add(message: TypedMessage): Promise<void> {
    const added = this.#last.then(() => this.#add(message));
    this.#last = added.catch(() => undefined);
    return added;
  }

  /** Resolves when every message so far is written, or has failed. */
  settled(): Promise<void> {
    return this.#last;
  }

  /**
   * Looks a message up, among them those that this process has added before.
   * @throws the system's error if the file is there and can't be read
   */
  async lookUp({ offset, logId }: HistoryLookup): Promise<HistoryAnswer> {
    await this.#last;
    const read = await readWhole(this.#path);
    if (read === null) return { logId: 0, entryCount: 0, entry: null };
    const lines = read.text.split('\n').slice(0, -1);
    const isSame = logId === null || logId === read.logId;
    return { logId: read.logId, entryCount: lines.length, entry: isSame ? parse(lines[offset]) : null };
  }

  /** The texts of the newest messages, oldest first, from the last bytes of the file. A damaged line is left out. */
  async newest(maxBytes: number): Promise<readonly string[]> {
    await this.#last;
    const read = await readWhole(this.#path);
    const lines = (read?.text.slice(-maxBytes) ?? '').split('\n');
    return lines.flatMap((line) => parse(line)?.text ?? []);
  }

  async #add({ threadId, at, text }: TypedMessage): Promise<void> {
    const line = `${JSON.stringify({ session_id: threadId, ts: at, text })}\n`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      using _lock = await this.#lock();
      if (append(this.#path, line) > this.#maxBytes) dropOldest(this.#path, this.#maxBytes * KEPT_SHARE);
    } catch (cause) {
      const reason = reasonOf(cause);
      throw new KeelError('storageFailed', `a message can't be added to ${this.#path}: ${reason}`, { cause });
    }
  }

  async #lock(): Promise<Lease> {
    const deadline = monotonicMs() + MAX_WAIT_MS;
    for (;;) {
      try {
        return acquireLease(this.#path);
      } catch (error) {
        const isBusy = error instanceof KeelError && error.kind === 'threadBusy';
        if (!isBusy || monotonicMs() > deadline) throw error;
      }
      await delay(Math.random() * MAX_PAUSE_MS);
    }
  }
}

/** @returns the size of the file afterwards, bytes */
function append(path: string, line: string): number {
  // A pipe with this name would keep its writer waiting for ever.
  const fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, MODE);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile()) throw new Error('it is not a file');
    if ((stats.mode & 0o777) !== MODE) fchmodSync(fd, MODE);
    const bytes = Buffer.from(endsWithinLine(fd, stats.size) ? `\n${line}` : line, 'utf8');
    try {
      let written = 0;
      while (written < bytes.length) written += writeSync(fd, bytes, written);
    } catch (error) {
      ftruncateSync(fd, stats.size);
      throw error;
    }
    return stats.size + bytes.length;
  } finally {
    closeSync(fd);
  }
}

/** Whether a crash cut off the last line: it is then ended before the next one. */
function endsWithinLine(fd: number, size: number): boolean {
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(fd, last, 0, 1, size - 1);
  return last[0] !== NEWLINE;
}

/** Puts a file with the newest lines in the place of this one; the newest line of all stays, however long it is. */
function dropOldest(path: string, maxBytes: number): void {
  const real = realpathSync(path);
  const bytes = readFileSync(real);
  const newest = bytes.lastIndexOf(NEWLINE, bytes.length - 2) + 1;
  const end = bytes.indexOf(NEWLINE, Math.max(0, Math.floor(bytes.length - maxBytes) - 1)) + 1;
  const draft = `${real}.${randomUUID()}.new`;
  try {
    writeFileSync(draft, bytes.subarray(Math.min(newest, end)), { mode: MODE });
    renameSync(draft, real);
  } finally {
    rmSync(draft, { force: true });
  }
}

async function readWhole(path: string): Promise<{ readonly logId: number; readonly text: string } | null> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = await file.stat();
    return stats.isFile() ? { logId: stats.ino, text: await file.readFile('utf8') } : null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function parse(text: string | undefined): TypedMessage | null {
  if (text === undefined) return null;
  try {
    const line = Line.safeParse(readJson(text)).data;
    return line ? { threadId: line.session_id, at: line.ts, text: line.text } : null;
  } catch {
    // Truncated or damaged.
    return null;
  }
}
