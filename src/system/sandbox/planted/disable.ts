import { closeSync, constants, lstatSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { readRegularFile } from '../../../foundation/files/index.ts';
import { openHandle } from '../../process/index.ts';

/** Nothing obeys a file of such a name. */
const SUFFIX = '.made-by-command';
const MAX_SAME_NAMES = 1_000;
const MAX_BYTES = 256 * 1024;

/**
 * Takes a file's or directory's name away, and with it its effect; nothing of it is lost.
 * @returns its new path; null if it is gone
 */
export function disable(path: string): string | null {
  return inFolder(path, (place) => {
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) return null;
    for (let n = 1; n <= MAX_SAME_NAMES; n += 1) {
      const suffix = n === 1 ? SUFFIX : `${SUFFIX}-${n}`;
      if (lstatSync(`${place}${suffix}`, { throwIfNoEntry: false }) !== undefined) continue;
      renameSync(place, `${place}${suffix}`);
      return `${path}${suffix}`;
    }
    return null;
  });
}

/**
 * Changes the text of a file that commands may have made.
 * @returns whether it was changed; null where there is no regular file of a sensible size, and nothing was done
 */
export function rewrite(path: string, change: (text: string) => string): boolean | null {
  return inFolder(path, (place) => {
    if (lstatSync(place, { throwIfNoEntry: false })?.isFile() !== true) return null;
    const text = readRegularFile(place, { maxBytes: MAX_BYTES }).toString('latin1');
    const changed = change(text);
    if (changed === text) return false;
    const draft = `${place}.keel-${process.pid}`;
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openSync(draft, flags, 0o644);
    try {
      writeFileSync(fd, changed, 'latin1');
    } finally {
      closeSync(fd);
    }
    renameSync(draft, place);
    return true;
  });
}

/** Works in the folder that the path leads through now: one that becomes a link meanwhile leads nowhere else. */
function inFolder<T>(path: string, work: (place: string) => T | null): T | null {
  const dir = dirname(path);
  if (process.platform !== 'linux') return attempt(() => work(path));
  return attempt(() => {
    const fd = openHandle({ path: dir, identity: null });
    try {
      return work(`/proc/self/fd/${fd}/${basename(path)}`);
    } finally {
      closeSync(fd);
    }
  });
}

/** What is gone, or can't be changed by the user, has been dealt with by somebody else. */
function attempt<T>(work: () => T | null): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
