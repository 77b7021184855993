import { closeSync, openSync } from 'node:fs';
import { cLibrary } from '../../../foundation/util/index.ts';

/** Both ends of a new terminal. */
export interface PseudoTerminal {
  /** For keel. */
  readonly masterFd: number;
  /** For the program. Close it once the program has it, or the terminal never comes to its end. */
  readonly slaveFd: number;
  /** The program's end by its name. */
  readonly path: string;
}

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

const O_RDWR = 0o2;
const O_NOCTTY = 0o400;
const O_CLOEXEC = 0o2000000;
const TIOCSWINSZ = 0x5414;
const MAX_NAME_BYTES = 64;

/**
 * Opens a terminal here, where nothing is confined: a thread that may open them itself could open the user's own as well.
 * Linux only.
 */
export function openPseudoTerminal(size: TerminalSize): PseudoTerminal {
  const { functions } = cLibrary();
  const masterFd = checked(
    functions.func('posix_openpt', 'int', ['int'])(O_RDWR | O_NOCTTY | O_CLOEXEC),
    'posix_openpt',
  );
  try {
    checked(functions.func('unlockpt', 'int', ['int'])(masterFd), 'unlockpt');
    const name = Buffer.alloc(MAX_NAME_BYTES);
    const status = functions.func('ptsname_r', 'int', ['int', 'void *', 'size_t'])(masterFd, name, name.length);
    if (status !== 0) throw new Error(`ptsname_r failed with error ${status}`);
    resizeTerminal(masterFd, size);
    const path = name.toString('utf8', 0, name.indexOf(0));
    return { masterFd, slaveFd: openSync(path, O_RDWR | O_NOCTTY), path };
  } catch (error) {
    closeSync(masterFd);
    throw error;
  }
}

/** The programs on it get SIGWINCH. @param masterFd keel's end, still open */
export function resizeTerminal(masterFd: number, { cols, rows }: TerminalSize): void {
  const size = new Uint16Array([rows, cols, 0, 0]);
  checked(cLibrary().functions.func('ioctl', 'int', ['int', 'ulong', 'void *'])(masterFd, TIOCSWINSZ, size), 'ioctl');
}

function checked(result: number, what: string): number {
  if (result < 0) throw new Error(`${what} failed with error ${cLibrary().native.errno()}`);
  return result;
}
