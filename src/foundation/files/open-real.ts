import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statfsSync,
  statSync,
} from 'node:fs';
import { isAbsolute } from 'node:path';
import { hasOwnDescriptors, OWN_DESCRIPTORS } from './own-descriptors.ts';

/** Node has no name for it: such a descriptor names a file without opening it, so no device and no pipe takes notice. */
export const O_PATH = 0o10000000;
const NO_WAIT = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);
/**
 * Kinds of file systems whose files are views of processes and of the kernel (`linux/magic.h`): proc, sysfs, debugfs, tracefs,
 * securityfs, cgroup, cgroup2, bpf, configfs, efivarfs, pstore, binfmt_misc, selinuxfs, devpts.
 */
const SYSTEM_VIEWS: ReadonlySet<number> = new Set([
  ...[0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x73636673, 0x27e0eb, 0x63677270],
  ...[0xcafe4a11, 0x62656570, 0xde5e81e4, 0x6165676c, 0x42494e4d, 0xf97cff8c, 0x1cd1],
]);

/** What the kernel puts behind the name of what has been removed. */
const DELETED = ' (deleted)';

/** Where an open file or directory really is, and what it is. */
export interface RealPlace {
  /** Absolute, without links, as the kernel names what the descriptor refers to. */
  readonly path: string;
  readonly stats: Stats;
}

/** Where a name leads that may have no file yet. */
export interface NamedPlace {
  readonly path: string;
  readonly stats: Stats | null;
}

/** Decides about a place. @returns why it must not be used, as the end of a sentence; null if it may be */
export type PlaceJudge = (place: NamedPlace) => string | null;

export interface OpenOptions {
  /** Whether links lead to the file. Absent: they do, and `judge` sees where they led. `no`: a link at the end is refused. */
  readonly links?: 'follow' | 'no';
  /** Absent: every regular file will do. */
  readonly judge?: PlaceJudge;
}

/** What is wrong with a file, in words that end a sentence ("it is not a regular file"). */
export class FileFault extends Error {
  override readonly name: string = 'FileFault';
}

/** A file that is open for reading. Read from `fd` only: the name may mean another file by now. */
export class OpenFile implements Disposable {
  readonly fd: number;
  readonly place: RealPlace;

  constructor(fd: number, place: RealPlace) {
    this.fd = fd;
    this.place = place;
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/**
 * Opens a regular file for reading. What the name led to is looked at and judged by its descriptor before it is opened for
 * real, so a name that is swapped meanwhile gains nothing, and pipes and devices are never opened.
 * @throws FileFault, or what the system says
 */
export function openFile(path: string | Buffer, options: OpenOptions = {}): OpenFile {
  return opened(path, options, 'file');
}

/** Opens a directory, to be listed by {@link placeOf}. */
export function openDirectory(path: string | Buffer, options: OpenOptions = {}): OpenFile {
  return opened(path, options, 'directory');
}

/** A path that leads to what a descriptor refers to, whatever has become of its name; the real name where there is none. */
export function placeOf({ fd, place }: OpenFile): string {
  return hasOwnDescriptors() ? `${OWN_DESCRIPTORS}/${fd}` : place.path;
}

type Kind = 'file' | 'directory';

function opened(path: string | Buffer, options: OpenOptions, kind: Kind): OpenFile {
  const open = hasOwnDescriptors() ? openByDescriptor : openByName;
  return open(path, options, kind);
}

function openByDescriptor(path: string | Buffer, { links = 'follow', judge }: OpenOptions, kind: Kind): OpenFile {
  const handle = openSync(path, O_PATH | (links === 'no' ? constants.O_NOFOLLOW : 0));
  try {
    const own = `${OWN_DESCRIPTORS}/${handle}`;
    const place = { path: readlinkSync(own), stats: fstatSync(handle) };
    check(place, kind, judge);
    if (SYSTEM_VIEWS.has(statfsSync(own).type)) throw new FileFault('it is a view of the system, not a file');
    return new OpenFile(openSync(own, NO_WAIT | (kind === 'directory' ? constants.O_DIRECTORY : 0)), place);
  } finally {
    closeSync(handle);
  }
}

/** Where descriptors have no names (macOS): the name is looked at before and after, and has to mean the same file. */
function openByName(path: string | Buffer, { links = 'follow', judge }: OpenOptions, kind: Kind): OpenFile {
  checkKind(links === 'no' ? lstatSync(path) : statSync(path), kind);
  const fd = openSync(path, NO_WAIT | (links === 'no' ? (constants.O_NOFOLLOW ?? 0) : 0));
  try {
    const place = { path: realpathSync(path), stats: fstatSync(fd) };
    const { dev, ino } = lstatSync(place.path);
    if (dev !== place.stats.dev || ino !== place.stats.ino) throw new FileFault('it was moved meanwhile');
    check(place, kind, judge);
    return new OpenFile(fd, place);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

function check(place: RealPlace, kind: Kind, judge: PlaceJudge | undefined): void {
  checkKind(place.stats, kind);
  const isGone = place.stats.nlink === 0 && place.path.endsWith(DELETED);
  if (isGone || !isAbsolute(place.path)) throw new FileFault('it was removed meanwhile');
  const fault = judge?.(place) ?? null;
  if (fault !== null) throw new FileFault(fault);
}

function checkKind(stats: Stats, kind: Kind): void {
  if (stats.isSymbolicLink()) throw new FileFault('it is a link');
  if (kind === 'directory' && !stats.isDirectory()) throw new FileFault('it is not a directory');
  if (kind === 'file' && stats.isDirectory()) throw new FileFault('it is a directory');
  if (kind === 'file' && !stats.isFile()) throw new FileFault('it is not a regular file');
}
