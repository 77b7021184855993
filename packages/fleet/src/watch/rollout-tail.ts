import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** A line of a thread's record, by its place in the file, from 0. */
export interface RecordedLine {
  readonly ordinal: number;
  readonly text: string;
}

/**
 * How often a record is looked at, ms: soon after it has grown, and where nothing happens in it for long. Watches of files see
 * nothing on most shared file systems.
 */
const LOOK_MS = 150;
const LAST_LOOK_MS = 1_000;
/** A longer line is no line of keel's. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The record is not what it was: it is shorter, or has a line without an end. Whoever follows it starts again. */
export class RecordReplaced extends Error {}

/**
 * The lines of a record behind `after`, and those that are written from now on, in order, each once and whole. It is read only as
 * fast as it is consumed. Whoever takes a thread over puts a copy in the place of its file: the path is looked up each time.
 * @param after the last line that is known; -1: none
 * @param path null as long as there is no record
 * @throws RecordReplaced
 */
export async function* tailRollout(
  path: () => string | null,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<RecordedLine, void, undefined> {
  let offset = 0;
  let ordinal = -1;
  for (let wait = LOOK_MS; ; wait = Math.min(LAST_LOOK_MS, wait * 1.1)) {
    const file = path();
    const size = file === null ? 0 : await sizeOf(file);
    if (size < offset) throw new RecordReplaced('the record is shorter than it was');
    if (file !== null && size > offset) {
      wait = LOOK_MS;
      for await (const { bytes, text } of wholeLines(file, offset, size, signal)) {
        offset += bytes;
        ordinal += 1;
        if (ordinal > after) yield { ordinal, text: text() };
      }
    }
    if (signal.aborted) return;
    await delay(wait, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    // Between two names while it is replaced, or not there yet.
    return 0;
  }
}

/** Lines that have their end within the first `size` bytes. */
async function* wholeLines(path: string, from: number, size: number, signal: AbortSignal) {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream(path, { start: from, end: size - 1 })) {
    if (signal.aborted) return;
    let rest: Buffer = chunk;
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      const line = [...parts, rest.subarray(0, end)];
      yield { bytes: length + end + 1, text: () => Buffer.concat(line).toString('utf8') };
      parts = [];
      length = 0;
      rest = rest.subarray(end + 1);
    }
    parts.push(rest);
    length += rest.length;
    if (length > MAX_LINE_BYTES) throw new RecordReplaced('a line of the record has no end');
  }
}
