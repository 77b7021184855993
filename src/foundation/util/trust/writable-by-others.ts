import { lstatSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import { reasonOf } from '../errors.ts';
import { isInside } from './paths.ts';

/** The number of links that the kernel follows. */
const MAX_LINKS = 40;
const GROUP_WRITE = 0o020;
const WORLD_WRITE = 0o002;
const STICKY = 0o1000;
/** The uid that is shown for every user who is not mapped into a user namespace (the kernel's default `overflowuid`). */
const OVERFLOW_UID = 65_534;
/** Members of these groups can become root anyway: `root`, and `admin` on macOS. */
const ROOT_GROUPS: readonly number[] = process.platform === 'darwin' ? [0, 80] : [0];

/** Who is trusted to write a path, beside this user and root. */
export interface Writers {
  readonly owner: number | null;
  readonly group: number | null;
  readonly everyone: boolean;
}

/** Undefined on Windows. keel never becomes another user. */
const self = process.getuid?.();

const NOBODY_ELSE: Writers = { owner: null, group: null, everyone: false };

export interface WriterLimits {
  /** Absent: this user and root alone. */
  readonly trusted?: Writers;
  /** Directories above this one are not judged. Absent: everything from the root of the file system down is. */
  readonly below?: string;
  /** Directories in which commands may write; what lies in one is refused. Absent: there are none. */
  readonly roots?: readonly string[];
  /** Gives the way to a path. Absent: the disk is looked at, `placesOnTheWay`. */
  readonly wayTo?: (path: string) => Iterable<Place>;
}

/**
 * Decides for everything that keel loads, executes or obeys whether somebody else may have written it, as git and ssh do.
 * Every directory, link and file that the kernel passes on the way to `path` has to belong to this user or root and must not
 * be writable by others. A directory with the sticky bit may be: nobody can replace another user's entry there. A group
 * counts as others unless nobody but this user and root is in it. Access control lists are not looked at.
 * @param path absolute
 * @returns who may write it, in words that start with the path concerned; null if only trusted users may. A path that is
 *   missing or out of reach can't be judged, which is a reason too.
 */
export function writableByOthers(path: string, limits: WriterLimits = {}): string | null {
  const { trusted = NOBODY_ELSE, below, roots = [], wayTo = placesOnTheWay } = limits;
  let inRoot: string | null = null;
  try {
    for (const place of wayTo(path)) {
      const fault = isAbove(place.path, below) ? null : faultOf(place.stats, trusted);
      if (fault !== null) return `${place.path} ${fault}`;
      // A link there may lead elsewhere by the time it is followed, so the way counts as well as its end.
      const root = roots.find((dir) => isInside(place.path, dir));
      if (root !== undefined) inRoot = `${place.path} is in ${root}, where commands may write`;
    }
  } catch (error) {
    return `${path} can't be checked (${reasonOf(error)})`;
  }
  return inRoot;
}

/**
 * Judges what keel keeps in a directory of its own: whoever can make new entries in it can write it, so that a sticky bit
 * doesn't help. The way to the directory isn't looked at.
 * @returns the rest of a sentence about the directory; null if only this user and root can write it
 */
export function directoryWritableByOthers(stats: Stats): string | null {
  return faultOf(stats, NOBODY_ELSE, { isStickyEnough: false });
}

/** Whoever may write a folder that the user named may write what lies in it; nobody where there is no such folder. */
export function writersOf(folder: string): Writers {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return NOBODY_ELSE;
  const { uid, gid, mode } = stats;
  const isSticky = (mode & STICKY) !== 0;
  return {
    owner: uid,
    group: (mode & GROUP_WRITE) === 0 || isSticky ? null : gid,
    everyone: (mode & WORLD_WRITE) !== 0 && !isSticky,
  };
}

/** The owner of a folder that the user named, and nobody else. */
export function ownerOf(folder: string): Writers {
  return { ...NOBODY_ELSE, owner: writersOf(folder).owner };
}

/** What the kernel passes on the way to a path. */
export interface Place {
  readonly path: string;
  readonly stats: Stats;
}

/**
 * Every directory, link and file that the kernel passes on the way to a path; the last that is not a link is the real path.
 * @throws what the system says, and where links lead round and round
 */
export function* placesOnTheWay(path: string): Generator<Place> {
  if (!isAbsolute(path)) throw new Error('the path is not absolute');
  const { root } = parse(path);
  let left = partsOf(resolve(path).slice(root.length));
  let here = root;
  yield { path: here, stats: lstatSync(here) };
  let links = 0;
  for (let name = left.shift(); name !== undefined; name = left.shift()) {
    const next = name === '..' ? dirname(here) : join(here, name);
    const stats = lstatSync(next);
    yield { path: next, stats };
    if (!stats.isSymbolicLink()) {
      here = next;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) throw new Error('there are too many links on the way');
    const target = readlinkSync(next);
    left = [...partsOf(target), ...left];
    if (isAbsolute(target)) here = parse(target).root;
  }
}

function partsOf(path: string): string[] {
  return path.split(sep).filter((part) => part !== '' && part !== '.');
}

function isAbove(path: string, directory: string | undefined): boolean {
  return directory !== undefined && path !== directory && isInside(directory, path);
}

function faultOf(stats: Stats, trusted: Writers, { isStickyEnough = true } = {}): string | null {
  // Windows has no such users; its access lists are not looked at.
  if (self === undefined) return null;
  const { uid, gid, mode } = stats;
  if (uid !== self && uid !== trusted.owner && !isRoot(uid)) return `belongs to another user (uid ${uid})`;
  const isSticky = isStickyEnough && stats.isDirectory() && (mode & STICKY) !== 0;
  if (stats.isSymbolicLink() || isSticky || trusted.everyone) return null;
  if ((mode & WORLD_WRITE) !== 0) return 'can be written by everyone';
  const isGroupTrusted = (mode & GROUP_WRITE) === 0 || gid === trusted.group || isPrivateGroup(gid, self);
  return isGroupTrusted ? null : `can be written by a group (gid ${gid})`;
}

/** In a user namespace without root, the files of the real root are shown as the overflow user's. */
function isRoot(uid: number): boolean {
  return uid === 0 || (uid === OVERFLOW_UID && !isRootMapped());
}

function isRootMapped(): boolean {
  const map = linesOf('/proc/self/uid_map');
  return map.length === 0 || map.some((line) => /^\s*0\s/.test(line));
}

const privateGroups = new Map<number, boolean>();

/** Many systems give each user a group of their own and let it write what the user makes. */
function isPrivateGroup(gid: number, self: number): boolean {
  const isPrivate = privateGroups.get(gid) ?? (ROOT_GROUPS.includes(gid) || hasNoOtherMember(gid, self));
  privateGroups.set(gid, isPrivate);
  return isPrivate;
}

function hasNoOtherMember(gid: number, self: number): boolean {
  const users = linesOf('/etc/passwd').map((line) => line.split(':'));
  const group = linesOf('/etc/group')
    .map((line) => line.split(':'))
    .find((fields) => fields[2] === String(gid));
  // A group that is listed elsewhere (a directory service): by convention the user's own has the user's number.
  if (group === undefined) return gid === self && gid === process.getgid?.();
  const trusted = new Set(['root', ...users.filter((fields) => fields[2] === String(self)).map(([name]) => name)]);
  const listed = (group[3] ?? '').split(',').filter((name) => name !== '');
  const primary = users.filter((fields) => fields[3] === String(gid)).map(([name]) => name);
  return [...listed, ...primary].every((name) => trusted.has(name));
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    // Not every machine has it; nothing is known then.
    return [];
  }
}
