import { lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { isInside, realPath } from '../../../foundation/util/index.ts';
import type { Root } from '../places/roots.ts';
import { keelProgramIn } from '../protected/keel-paths.ts';
import {
  openedForCommits,
  type ProtectionOptions,
  protectedForGit,
  protectedInDirectory,
  protectedInRoot,
} from '../protected/protected-paths.ts';
import {
  openEntries,
  type SealedDirectory,
  SYSTEM_SCHEDULES,
  sealedDirectories,
} from '../protected/sealed-directories.ts';
import type { Mount } from './exec-plan.ts';

export interface MountOptions extends ProtectionOptions {
  readonly roots: readonly Root[];
  /** keel's own environment, for `HOME` and `TMPDIR`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The turn's working directory. */
  readonly cwd: string;
  /** Files and directories that a command can't read. Absolute. */
  readonly hidden: readonly string[];
  /** Directories below the roots that hold protected names, as far as they are known. Without symlinks. */
  readonly nested: readonly string[];
  /** Work trees whose `.git` a command of this session has made: it stays open, and is looked through after each command. */
  readonly made: readonly string[];
}

export interface MountPlan {
  readonly mounts: readonly Mount[];
  readonly notes: readonly string[];
}

/**
 * The file system of a command under a policy: everything readable, the roots writable, what is protected in them closed
 * again. A mount can't be renamed or removed, but a directory that merely holds one can, and could then be rebuilt with
 * other contents: so whatever lies between a root and a closed path is pinned by a mount of its own. What is missing gets no
 * mount; `PlantedNames` looks for it afterwards.
 */
export function planMounts(options: MountOptions): MountPlan {
  const { hidden: hiddenPaths } = options;
  const laying: Laying = { options, roots: options.roots.map(({ path }) => path), mounts: new Map(), notes: [] };
  const { mounts, notes } = laying;
  for (const root of options.roots) mounts.set(root.path, { type: 'writable', ...root });
  for (const path of laying.roots) pinHolders(path, mounts);
  const closed = closedPaths(laying);
  sealAll(closed, laying);
  for (const path of closed) close(path, laying);
  const hidden = hiddenPaths.filter((path) => kindOf(path) !== 'missing').map((path) => realPath(path));
  for (const path of hidden) pinHolders(path, mounts);
  // Outer ones first, so that an inner one is laid upon them.
  const laid = [...mounts.values()].sort((a, b) => depth(a.path) - depth(b.path) || a.path.localeCompare(b.path));
  return { mounts: [...laid, ...hidden.map((path): Mount => ({ type: 'hidden', path }))], notes };
}

interface Laying {
  readonly options: MountOptions;
  readonly roots: readonly string[];
  readonly mounts: Map<string, Mount>;
  readonly notes: string[];
}

/** Everything that has to stay as it is, missing or not. Opens git directories on the way, where commits are allowed. */
function closedPaths({ options, roots, mounts }: Laying): readonly string[] {
  const { home, nested, made } = options;
  const repositories = [...roots, ...nested].filter((dir) => !made.includes(dir));
  const opened = repositories.flatMap((dir) => openedForCommits(dir, options));
  for (const dir of opened.filter((each) => kindOf(each) === 'directory')) {
    mounts.set(dir, { type: 'pinned', path: dir });
    pinHolders(dir, mounts);
  }
  const own = [...(home === undefined ? [] : [realPath(home)]), ...keelProgramIn(roots), ...SYSTEM_SCHEDULES];
  const all = [
    ...roots.flatMap((root) => protectedInRoot(root)),
    ...nested.flatMap((dir) => protectedInDirectory(dir)),
    ...repositories.flatMap((dir) => protectedForGit(dir, options)),
    ...own,
  ];
  const places = [...roots, ...opened];
  const inside = all.filter((path) => !places.includes(path) && places.some((place) => isInside(path, place)));
  return [...new Set(inside)].sort((a, b) => depth(a) - depth(b));
}

/** A symlink can't be covered by a mount, so the directory that holds a protected one is sealed as well. */
function sealAll(closed: readonly string[], laying: Laying): void {
  const { options, roots, notes } = laying;
  const scratch = scratchPlaces(options);
  const holders = [...new Set(closed.filter((path) => kindOf(path) === 'link').map((path) => dirname(path)))];
  for (const path of holders)
    notes.push(`${path}: a protected name in it is a symlink, so commands can't make new entries directly in it`);
  const sealed = [
    ...sealedDirectories(roots, { env: options.env, scratch }),
    ...holders.map((path): SealedDirectory => ({ path, isOpen: () => true })),
  ];
  for (const path of new Set(sealed.map((each) => each.path)))
    seal(path, { closed, all: sealed.filter((each) => each.path === path) }, laying);
}

interface Seals {
  readonly closed: readonly string[];
  /** For this one directory. */
  readonly all: readonly SealedDirectory[];
}

function seal(path: string, { closed, all }: Seals, { mounts }: Laying): void {
  const isOpen = isWritable(mounts.get(path)) || isWritable(nearest(path, mounts));
  if (!isOpen || kindOf(path) !== 'directory') return;
  pinHolders(path, mounts);
  mounts.set(path, { type: 'readOnly', path });
  const [first, ...others] = all.map((each) => new Set(openEntries(each)));
  for (const entry of first ?? []) {
    const stays = others.every((each) => each.has(entry)) && !closed.includes(entry) && !mounts.has(entry);
    if (stays) mounts.set(entry, { type: 'writable', path: entry });
  }
}

function close(path: string, { mounts }: Laying): void {
  const kind = kindOf(path);
  if (kind === 'missing' || kind === 'link') return;
  const isOpen = isWritable(mounts.get(path)) || isWritable(nearest(path, mounts));
  if (!isOpen) return;
  mounts.set(path, { type: 'readOnly', path });
  pinHolders(path, mounts);
}

/** Pins what lies between a path and the writable place that it is in. In a protected place nothing can be moved. */
function pinHolders(path: string, mounts: Laying['mounts']): void {
  const holder = nearest(path, mounts);
  if (!isWritable(holder)) return;
  for (let dir = dirname(path); dir !== holder.path; dir = dirname(dir)) mounts.set(dir, { type: 'pinned', path: dir });
}

function nearest(path: string, mounts: Laying['mounts']): Mount | undefined {
  for (let dir = dirname(path); ; dir = dirname(dir)) {
    const mount = mounts.get(dir);
    if (mount !== undefined || dir === dirname(dir)) return mount;
  }
}

function isWritable(mount: Mount | undefined): mount is Mount {
  return mount?.type === 'writable' || mount?.type === 'pinned';
}

/** Directories for temporary files, which many programs share. */
export function scratchPlaces({ env, cwd }: Pick<MountOptions, 'env' | 'cwd'>): readonly string[] {
  return ['/tmp', env['TMPDIR'] || '/tmp'].map((path) => realPath(path)).filter((path) => path !== realPath(cwd));
}

function kindOf(path: string): 'missing' | 'link' | 'directory' | 'file' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return 'missing';
  if (stat.isSymbolicLink()) return 'link';
  return stat.isDirectory() ? 'directory' : 'file';
}

function depth(path: string): number {
  return path.split('/').length;
}
