import { accessSync, constants, lstatSync, type Stats } from 'node:fs';
import { setImmediate as nextTick } from 'node:timers/promises';
import { ancestorsOf, type BytePath, isSafePath, isWithin, parentOf, toBytes } from '../byte-path.ts';
import { GitFailure } from '../run/run-git.ts';

export interface SnapshotLimits {
  /** A bigger untracked file is left out. */
  readonly maxFileBytes: number;
  /** A bigger tracked file is left out. */
  readonly maxTrackedFileBytes: number;
  /** An untracked directory with more files is left out as a whole. */
  readonly maxDirectoryFiles: number;
  /** No snapshot if untracked files are more than that together. */
  readonly maxUntrackedBytes: number;
}

export const SNAPSHOT_LIMITS: SnapshotLimits = {
  maxFileBytes: 10 * 1024 * 1024,
  maxTrackedFileBytes: 100 * 1024 * 1024,
  maxDirectoryFiles: 5_000,
  maxUntrackedBytes: 512 * 1024 * 1024,
};

/** What a snapshot does not hold although git would add it. An undo leaves it as it is. */
export interface LeftOut {
  readonly path: BytePath;
  readonly why: 'largeFile' | 'largeDirectory' | 'repository' | 'submodule' | 'unreadable';
}

export interface Survey {
  /** Files and symbolic links to hold. */
  readonly paths: readonly BytePath[];
  readonly leftOut: readonly LeftOut[];
  /** Permissions of files that fewer may read than is usual here: they must not come back open. */
  readonly closedModes: Readonly<Record<BytePath, number>>;
}

export interface SurveyRequest {
  /** Absolute. */
  readonly root: string;
  readonly tracked: readonly BytePath[];
  /** Paths as git lists them: a directory with a slash at its end is a repository of its own. */
  readonly untracked: readonly BytePath[];
  /** Held without regard to the limits for untracked files. */
  readonly always: readonly BytePath[];
  /** Not looked at: keel's own files. */
  readonly excluded: BytePath | null;
  readonly limits: SnapshotLimits;
  readonly signal: AbortSignal;
}

const BREATH = 2_000;
const PERMISSIONS = 0o7777;

/**
 * Looks at each file that a snapshot may hold and decides which it does. Nothing is reached through a symbolic link: what a
 * directory held before it became one counts as gone.
 * @throws GitFailure if there is too much, or when stopped
 */
export async function survey(request: SurveyRequest): Promise<Survey> {
  const { limits } = request;
  const look = new Look(request.root, request.excluded);
  const leftOut: LeftOut[] = [];
  const closedModes = new Map<BytePath, number>();
  const paths = new Set<BytePath>();
  const take = (path: BytePath, stats: Stats, maxBytes: number) => {
    if (stats.isFile() && stats.size > maxBytes) leftOut.push({ path, why: 'largeFile' });
    else if (stats.isFile() && !isReadable(request.root, path, stats)) leftOut.push({ path, why: 'unreadable' });
    else {
      paths.add(path);
      if (stats.isFile() && isClosed(stats.mode)) closedModes.set(path, stats.mode & PERMISSIONS);
    }
  };
  const certain = new Set([...request.tracked, ...request.always]);
  await eachOf(certain, request.signal, (path) => {
    const stats = look.at(path);
    if (stats) take(path, stats, limits.maxTrackedFileBytes);
  });
  const repositories = request.untracked.filter((path) => path.endsWith('/'));
  for (const path of repositories) leftOut.push({ path: path.slice(0, -1), why: 'repository' });
  const files = request.untracked.filter((path) => !path.endsWith('/') && !certain.has(path));
  const crowded = crowdedDirectories(files, request.tracked, limits.maxDirectoryFiles);
  for (const path of crowded) leftOut.push({ path, why: 'largeDirectory' });
  let bytes = 0;
  await eachOf(files, request.signal, (path) => {
    if (ancestorsOf(path).some((directory) => crowded.has(directory))) return;
    const stats = look.at(path);
    if (!stats) return;
    take(path, stats, limits.maxFileBytes);
    if (paths.has(path)) bytes += stats.size;
    if (bytes > limits.maxUntrackedBytes) throw new GitFailure(tooMuch(limits));
  });
  return { paths: [...paths].sort(), leftOut, closedModes: Object.fromEntries(closedModes) };
}

function tooMuch({ maxUntrackedBytes }: SnapshotLimits): string {
  const size = `${Math.round(maxUntrackedBytes / (1024 * 1024))} MiB`;
  return `untracked files are more than ${size}: name in .gitignore what need not be kept`;
}

async function eachOf<T>(items: Iterable<T>, signal: AbortSignal, visit: (item: T) => void): Promise<void> {
  let count = 0;
  for (const item of items) {
    visit(item);
    count += 1;
    if (count % BREATH === 0) await nextTick();
    if (signal.aborted) throw new GitFailure('stopped', true);
  }
}

/** Sees files and links below a root, never through a link. */
class Look {
  readonly #prefix: Buffer;
  readonly #excluded: BytePath | null;
  readonly #isDirectory = new Map<BytePath, boolean>([['', true]]);

  constructor(root: string, excluded: BytePath | null) {
    this.#prefix = Buffer.from(root.endsWith('/') ? root : `${root}/`);
    this.#excluded = excluded;
  }

  at(path: BytePath): Stats | null {
    if (!isSafePath(path) || (this.#excluded !== null && isWithin(path, this.#excluded))) return null;
    if (!this.#holds(parentOf(path))) return null;
    const stats = this.#stats(path);
    return stats?.isFile() || stats?.isSymbolicLink() ? stats : null;
  }

  #holds(directory: BytePath): boolean {
    const known = this.#isDirectory.get(directory);
    if (known !== undefined) return known;
    const found = this.#holds(parentOf(directory)) && this.#stats(directory)?.isDirectory() === true;
    this.#isDirectory.set(directory, found);
    return found;
  }

  #stats(path: BytePath): Stats | null {
    try {
      return lstatSync(Buffer.concat([this.#prefix, toBytes(path)]), { throwIfNoEntry: false }) ?? null;
    } catch {
      // Out of reach or gone, together with its directory.
      return null;
    }
  }
}

function isReadable(root: string, path: BytePath, { mode, uid }: Stats): boolean {
  const own = process.getuid?.();
  if (own === 0 || own === undefined || (uid === own && (mode & 0o400) !== 0)) return true;
  try {
    accessSync(Buffer.concat([Buffer.from(`${root}/`), toBytes(path)]), constants.R_OK);
    return true;
  } catch {
    // git would give up over it.
    return false;
  }
}

function isClosed(mode: number): boolean {
  return (0o666 & ~process.umask() & ~mode & 0o077) !== 0;
}

/**
 * Untracked directories with more files than allowed. Where a directory inside one is too full by itself, only that one is
 * named, if it makes the outer one small enough.
 */
function crowdedDirectories(
  files: readonly BytePath[],
  tracked: readonly BytePath[],
  maxFiles: number,
): ReadonlySet<BytePath> {
  const found = new Set<BytePath>();
  if (files.length <= maxFiles) return found;
  const shared = new Set(tracked.flatMap(ancestorsOf));
  const counts = new Map<BytePath, number>();
  for (const file of files) {
    for (const directory of ancestorsOf(file)) counts.set(directory, (counts.get(directory) ?? 0) + 1);
  }
  const deepestFirst = [...counts.keys()].sort((a, b) => b.length - a.length);
  for (const directory of deepestFirst) {
    const count = counts.get(directory) ?? 0;
    if (count <= maxFiles || shared.has(directory)) continue;
    found.add(directory);
    for (const outer of ancestorsOf(directory)) counts.set(outer, (counts.get(outer) ?? 0) - count);
  }
  return found;
}
