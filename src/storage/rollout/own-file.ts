import { closeSync, fstatSync, openSync, statfsSync, writeFileSync } from 'node:fs';

/** A file that a descriptor keeps, so that no other one gets its numbers. */
export interface OwnFile {
  readonly fd: number;
  readonly dev: number;
  readonly ino: number;
}

/**
 * File systems of this machine alone, with hard links (statfs(2)): ext, XFS, Btrfs, tmpfs, overlay, ZFS, F2FS. There a name
 * leads to what it leads to for everyone, so that no text has to be read to see whose file it is.
 */
const LOCAL_TYPES = [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010];

/** @returns the file, the lease itself once it is linked to its place; null where its numbers don't show that */
export function writeDraft(path: string, text: string): OwnFile | null {
  const fd = openSync(path, 'wx+', 0o600);
  try {
    writeFileSync(fd, text);
    const { dev, ino } = fstatSync(fd);
    if (Number.isSafeInteger(ino) && isLocal(path)) return { fd, dev, ino };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return null;
}

export function isSameFile(file: OwnFile, now: Pick<OwnFile, 'dev' | 'ino'> | undefined): boolean {
  return now !== undefined && now.dev === file.dev && now.ino === file.ino;
}

function isLocal(path: string): boolean {
  try {
    return process.platform === 'linux' && LOCAL_TYPES.includes(statfsSync(path).type);
  } catch {
    // It may be of a kind that says nothing of itself.
    return false;
  }
}
