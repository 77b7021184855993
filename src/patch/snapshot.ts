import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { closeSync, lstatSync, openSync, readlinkSync, readSync, type Stats } from 'node:fs';

/** A larger file is shown as changed, without its lines. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const READ_BYTES = 256 * 1024;
const NO_BLOB = '0'.repeat(40);

/** What a diff needs to know of a file at one moment. */
export interface Snapshot {
  readonly exists: boolean;
  /** As git writes it: 100644, 100755 or 120000. Empty if there is no file. */
  readonly mode: string;
  /** The id git would give the content; zeros if there is no file. */
  readonly blob: string;
  /** Empty for no file. Null for what is not UTF-8, or too large to be kept. */
  readonly text: string | null;
}

const NO_FILE: Snapshot = { exists: false, mode: '', blob: NO_BLOB, text: '' };

/** Reads a file as it is now; a link is its target's name. Memory is bounded whatever the file's size. */
export function takeSnapshot(path: string): Snapshot {
  try {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) return snapshotOf([Buffer.from(readlinkSync(path))], '120000');
    return stat.isFile() ? fileSnapshot(path, stat) : NO_FILE;
  } catch {
    // Not there, or it can't be read, so nothing can be shown of it.
    return NO_FILE;
  }
}

function fileSnapshot(path: string, { size, mode }: Stats): Snapshot {
  const gitMode = (mode & 0o100) === 0 ? '100644' : '100755';
  const fd = openSync(path, 'r');
  try {
    if (size <= MAX_TEXT_BYTES) return snapshotOf([...chunksOf(fd)], gitMode);
    const hash = blobHash(size);
    for (const chunk of chunksOf(fd)) hash.update(chunk);
    return { exists: true, mode: gitMode, blob: hash.digest('hex'), text: null };
  } finally {
    closeSync(fd);
  }
}

function snapshotOf(chunks: readonly Buffer[], mode: string): Snapshot {
  const bytes = Buffer.concat(chunks);
  const blob = blobHash(bytes.length).update(bytes).digest('hex');
  return { exists: true, mode, blob, text: isUtf8(bytes) ? bytes.toString('utf8') : null };
}

function* chunksOf(fd: number): Generator<Buffer> {
  for (;;) {
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    const length = readSync(fd, chunk);
    if (length === 0) return;
    yield chunk.subarray(0, length);
  }
}

function blobHash(size: number) {
  return createHash('sha1').update(`blob ${size}\0`);
}
