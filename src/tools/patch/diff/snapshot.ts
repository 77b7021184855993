import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readlinkSync, readSync } from 'node:fs';
import { type OpenFile, openFile, type PlaceJudge } from '../../../foundation/files/index.ts';

/** A larger file is shown as changed, without its lines. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
/** A larger file is not read for a diff: its blob id is not known. */
const MAX_HASHED_BYTES = 256 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
const NO_BLOB = '0'.repeat(40);

/** What a diff needs to know about a file at one moment. */
export interface Snapshot {
  readonly exists: boolean;
  /** As git writes it: 100644, 100755 or 120000. Empty if there is no file. */
  readonly mode: string;
  /** The id git would give the content; zeros if there is no file. A file too large to be read has its device, inode, size and time. */
  readonly blob: string;
  /** Empty for no file. Null for what is not UTF-8, or too large to be kept. */
  readonly text: string | null;
}

const NO_FILE: Snapshot = { exists: false, mode: '', blob: NO_BLOB, text: '' };

/**
 * Takes a snapshot of a file; the content of a link is its target. Time and memory are bounded whatever is there.
 * @param judge decides which files may be read; one that may not counts as missing
 */
export function takeSnapshot(path: string, judge?: PlaceJudge): Snapshot {
  try {
    const target = linkTarget(path);
    if (target !== null) return snapshotOf([target], '120000');
    using file = openFile(path, { links: 'no', ...(judge === undefined ? {} : { judge }) });
    return fileSnapshot(file);
  } catch {
    // Missing, or unreadable: there is nothing to show.
    return NO_FILE;
  }
}

/** Null for what is not a link. */
function linkTarget(path: string): Buffer | null {
  try {
    return readlinkSync(path, 'buffer');
  } catch {
    // A file, or nothing at all: opening it decides.
    return null;
  }
}

function fileSnapshot({ fd, place: { stats } }: OpenFile): Snapshot {
  const { size, mode, dev, ino, mtimeMs } = stats;
  const gitMode = (mode & 0o100) === 0 ? '100644' : '100755';
  if (size > MAX_HASHED_BYTES)
    return { exists: true, mode: gitMode, blob: `${dev}:${ino}:${size}:${mtimeMs}`, text: null };
  if (size <= MAX_TEXT_BYTES) return snapshotOf([...chunksOf(fd, size)], gitMode);
  const hash = blobHash(size);
  for (const chunk of chunksOf(fd, size)) hash.update(chunk);
  return { exists: true, mode: gitMode, blob: hash.digest('hex'), text: null };
}

function snapshotOf(chunks: readonly Buffer[], mode: string): Snapshot {
  const bytes = Buffer.concat(chunks);
  const blob = blobHash(bytes.length).update(bytes).digest('hex');
  return { exists: true, mode, blob, text: isUtf8(bytes) ? bytes.toString('utf8') : null };
}

/** The first `size` bytes: bytes that are appended meanwhile belong to a later state. */
function* chunksOf(fd: number, size: number): Generator<Buffer> {
  for (let left = size; left > 0; ) {
    const chunk = Buffer.allocUnsafe(Math.min(READ_BYTES, left));
    const length = readSync(fd, chunk);
    if (length === 0) return;
    left -= length;
    yield chunk.subarray(0, length);
  }
}

function blobHash(size: number) {
  return createHash('sha1').update(`blob ${size}\0`);
}
