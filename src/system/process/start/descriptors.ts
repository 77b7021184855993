import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { cLibrary, loadedCLibrary, reasonOf } from '../../../foundation/util/index.ts';

/**
 * The first descriptor that can be inherited: libuv marks 0 to 15 when Node starts, and those above only up to the first
 * number that is not open (uv_disable_stdio_inheritance). What a program gets of the first three is chosen for each start.
 */
const FIRST_UNMARKED = 16;
const CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;
const LAST = 0xffff_ffff;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const O_CLOEXEC = 0o2000000;
const INFO_BYTES = 256;

/** Programs would get files, folders or sockets of whoever started keel: nothing is started. */
class OpenDescriptorsError extends Error {
  constructor(fds: readonly number[], reason: string) {
    const closed = fds.map((fd) => `${fd}>&-`).join(' ');
    const which = fds.length === 0 ? '' : ` Start it without them: keel ... ${closed}`;
    super(`keel was started with open descriptors that it can't keep from the programs it starts (${reason}).${which}`);
    this.name = 'OpenDescriptorsError';
  }
}

/**
 * Keeps every descriptor from 3 up from the programs that are started from now on, in all threads; what a program is meant
 * to get is named at its start. keel itself and whoever started it keep theirs (a lock held by `flock`, a pipe). Costs some
 * 5 µs once the C library is loaded, which is loaded only if something was inherited.
 * @throws OpenDescriptorsError if it can't be done
 */
export function sealDescriptors(): void {
  // Elsewhere Node starts programs with what is named and nothing else.
  if (process.platform !== 'linux') return;
  if (loadedCLibrary() === null) {
    const inherited = inheritedDescriptors();
    if (inherited?.length === 0) return;
    if (inherited !== null) return mark(inherited);
  }
  if (closeRangeOnExec()) return;
  const inherited = inheritedDescriptors();
  if (inherited === null) throw new OpenDescriptorsError([], '/proc does not list them');
  if (inherited.length > 0) mark(inherited);
}

function mark(fds: readonly number[]): void {
  try {
    const setFlags = cLibrary().functions.func('fcntl', 'int', ['int', 'int', '...']);
    for (const fd of fds) setFlags(fd, F_SETFD, 'int', FD_CLOEXEC);
  } catch (error) {
    throw new OpenDescriptorsError(fds, reasonOf(error));
  }
  const left = inheritedDescriptors();
  if (left === null || left.length > 0) throw new OpenDescriptorsError(left ?? fds, 'marking them had no effect');
}

let closeRange: ((...args: number[]) => number) | null = null;

/** False on kernels before 5.11. */
function closeRangeOnExec(): boolean {
  closeRange ??= cLibrary().functions.func('syscall', 'long', ['long', 'uint', 'uint', 'uint']);
  return closeRange(CLOSE_RANGE, 3, LAST, CLOSE_RANGE_CLOEXEC) === 0;
}

/** The descriptors that a program would get, by number; null where the system doesn't list them. */
function inheritedDescriptors(): number[] | null {
  try {
    return readdirSync('/proc/self/fd')
      .map(Number)
      .filter((fd) => fd >= FIRST_UNMARKED && isInherited(fd))
      .toSorted((a, b) => a - b);
  } catch {
    // No /proc, or that of other processes.
    return null;
  }
}

function isInherited(fd: number): boolean {
  let info: number;
  try {
    info = openSync(`/proc/self/fdinfo/${fd}`, 'r');
  } catch {
    // The listing itself was one of them, and is closed.
    return false;
  }
  try {
    const bytes = Buffer.alloc(INFO_BYTES);
    const text = bytes.toString('latin1', 0, readSync(info, bytes, 0, INFO_BYTES, 0));
    return (Number.parseInt(/^flags:\s*(\d+)$/m.exec(text)?.[1] ?? '0', 8) & O_CLOEXEC) === 0;
  } finally {
    closeSync(info);
  }
}
