import { closeSync, constants, existsSync, lstatSync, mkdirSync, openSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';

const OWN_DESCRIPTORS = '/proc/self/fd';
/** Node has no name for it: a directory that may be gone through but not listed can be entered, too. */
const O_PATH = 0o10000000;
const ENTER = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export interface HeldOptions {
  /** Called with each directory that was missing and has been made; absent: a missing one is a failure. */
  readonly onMade?: (dir: string) => void;
}

/**
 * Works on a name in its directory. `path` has no links on its way. On Linux each directory is entered by its descriptor, so
 * that a process which puts a link in the place of one after the path was judged gains nothing; elsewhere that is looked at
 * afterwards only. `place` reaches the name as long as `work` runs.
 */
export function inDirectory<T>(path: string, work: (place: string) => T, { onMade }: HeldOptions = {}): T {
  const dir = dirname(path);
  if (process.platform !== 'linux' || !existsSync(OWN_DESCRIPTORS)) {
    makePlainly(dir, onMade);
    return work(path);
  }
  const fd = descend(dir, onMade);
  try {
    return work(`${OWN_DESCRIPTORS}/${fd}/${basename(path)}`);
  } finally {
    closeSync(fd);
  }
}

function descend(dir: string, onMade: HeldOptions['onMade']): number {
  let fd = openSync('/', ENTER);
  let path = '/';
  for (const name of dir.split('/').filter((part) => part !== '')) {
    path = join(path, name);
    try {
      const next = enter(`${OWN_DESCRIPTORS}/${fd}/${name}`, onMade && (() => onMade(path)));
      closeSync(fd);
      fd = next;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }
  return fd;
}

function enter(place: string, onMade: (() => void) | undefined): number {
  try {
    return openSync(place, ENTER);
  } catch (error) {
    if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink())
      throw new Error('its directory was moved meanwhile');
    if (onMade === undefined || !isMissing(error)) throw error;
  }
  mkdirSync(place);
  onMade();
  return openSync(place, ENTER);
}

function makePlainly(dir: string, onMade: HeldOptions['onMade']): void {
  const first = onMade && mkdirSync(dir, { recursive: true });
  if (onMade === undefined || first === undefined) return;
  for (let made = dir; made.length >= first.length && made !== sep; made = dirname(made)) onMade(made);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
