import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs';

/** A directory or file that a program gets as a descriptor which only names it (`O_PATH`). Linux only. */
export interface PathHandle {
  /** Absolute, without symlinks. */
  readonly path: string;
  /** Device and inode (`identityOf`) that it must have; null: whatever has this name when the program is started. */
  readonly identity: string | null;
}

/** What a program finds at a descriptor: bytes to be read to their end, or a place in the file system. */
export type ProgramInput = Uint8Array | PathHandle;

/** Node has no name for it. */
const O_PATH = 0o10000000;

/** The path has become a link, leads through one, or is not the file that it was. */
class PathReplacedError extends Error {
  override readonly name = 'PathReplacedError';

  constructor(path: string) {
    super(`${path} was replaced: it is not what it was when the sandbox was planned`);
  }
}

/** Identifies a file: `device:inode`. */
export function identityOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

/**
 * Opens a handle. The kernel is asked where the opened file really is, so that a link put in the place of a directory on
 * the way can't lead anywhere else. The caller closes the descriptor.
 * @throws {PathReplacedError}, and what the system says if there is nothing of this name
 */
export function openHandle({ path, identity }: PathHandle): number {
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    const isThere = readlinkSync(`/proc/self/fd/${fd}`) === path;
    const isSame = identity === null || identityOf(fstatSync(fd, { bigint: true })) === identity;
    if (!isThere || !isSame) throw new PathReplacedError(path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
