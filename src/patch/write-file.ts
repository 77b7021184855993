import { randomBytes } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

const PERMISSIONS = 0o7777;

/**
 * Writes a whole file by putting a finished one in its place; it keeps owner and mode, or gets `mode`. A file with
 * further hard links, or in a directory where nothing may be made, is written in place instead. `path` is a real one.
 */
export function replaceFile(path: string, content: string | Buffer, mode: number | null): void {
  const old = lstatSync(path, { throwIfNoEntry: false });
  // A file that its owner made read-only stays so: replacing it would go round that.
  if (old) accessSync(path, constants.W_OK);
  if (old && (old.nlink > 1 || !replaceBeside(path, content, old, mode))) overwrite(path, content, mode);
  if (!old) replaceBeside(path, content, null, mode);
}

/** @returns false if a new file can't be made beside the old one, or not with its owner */
function replaceBeside(path: string, content: string | Buffer, old: Stats | null, mode: number | null): boolean {
  const temporary = join(dirname(path), `.keel-${randomBytes(8).toString('hex')}.tmp`);
  const fd = openNew(temporary, old !== null);
  if (fd === null) return false;
  try {
    try {
      if (old && !takeOwner(fd, old)) return false;
      writeFileSync(fd, content);
      const wanted = mode ?? old?.mode;
      if (wanted !== undefined) fchmodSync(fd, wanted & PERMISSIONS);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
    return true;
  } finally {
    // After the rename there is nothing left under this name.
    rmSync(temporary, { force: true });
  }
}

/** @returns null if the directory takes no new file and there is an old one to write to */
function openNew(path: string, hasOld: boolean): number | null {
  try {
    return openSync(path, 'wx', 0o666);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (hasOld && (code === 'EACCES' || code === 'EPERM')) return null;
    throw error;
  }
}

function takeOwner(fd: number, old: Stats): boolean {
  if (old.uid === process.getuid?.() && old.gid === process.getgid?.()) return true;
  try {
    fchownSync(fd, old.uid, old.gid);
    return true;
  } catch {
    // Not ours to give away: the old file is written to instead.
    return false;
  }
}

/** A link that has just been put there is not followed. */
function overwrite(path: string, content: string | Buffer, mode: number | null): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0));
  try {
    writeFileSync(fd, content);
    if (mode !== null) fchmodSync(fd, mode & PERMISSIONS);
  } finally {
    closeSync(fd);
  }
}
