import { lstatSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isBelow } from './below.ts';
import type { Mount } from './exec-plan.ts';
import { openedForCommits, protectedPaths, standIn } from './protected-paths.ts';
import { realPath } from './real-path.ts';
import { type WritePolicyOptions, writableRoots } from './writable.ts';

export interface MountOptions extends WritePolicyOptions {
  /** Files and directories that a command can't read. Absolute. */
  readonly hidden: readonly string[];
  /** Whether a path only stands in for something missing. */
  readonly isStandIn: (path: string) => boolean;
}

export interface MountPlan {
  readonly mounts: readonly Mount[];
  readonly notes: readonly string[];
}

/**
 * The file system of a command under a policy: everything readable, the roots writable, what is protected in them closed
 * again. A mount can't be renamed or removed, but a directory that merely holds one can, and could then be rebuilt with
 * other contents: so whatever lies between a root and a closed path is pinned by a mount of its own.
 */
export function planMounts(options: MountOptions): MountPlan {
  const roots = writableRoots(options);
  const notes: string[] = [];
  const mounts = new Map<string, Mount['type']>();
  for (const root of roots) layRoot(root, { options, roots, mounts, notes });
  const hidden = options.hidden.filter((path) => kindOf(path) !== 'missing').map((path) => realPath(path));
  for (const path of hidden) pinHolders(path, mounts);
  const laid = [...mounts].map(([path, type]): Mount => ({ type, path }));
  // Outer ones first, so that an inner one is laid upon them.
  laid.sort((a, b) => depth(a.path) - depth(b.path) || a.path.localeCompare(b.path));
  return { mounts: [...laid, ...hidden.map((path): Mount => ({ type: 'hidden', path }))], notes };
}

interface Laying {
  readonly options: MountOptions;
  readonly roots: readonly string[];
  readonly mounts: Map<string, Mount['type']>;
  readonly notes: string[];
}

function layRoot(root: string, laying: Laying): void {
  const { options, roots, mounts } = laying;
  const closed = protectedPaths(root, options);
  const links = closed.filter((path) => isBelow(path, root) && kindOf(path) === 'link');
  if (links.length > 0) layChildren(root, laying, closed);
  else mounts.set(root, 'writable');
  const canStandIn = links.length === 0 && !isScratch(root, options);
  const opened = openedForCommits(root, options);
  for (const dir of opened) pin(dir, laying);
  for (const path of closed) {
    const isHeld = [...roots, ...opened].some((candidate) => isBelow(path, candidate) && path !== candidate);
    if (!isHeld || roots.includes(path) || opened.includes(path)) continue;
    const kind = options.isStandIn(path) ? 'missing' : kindOf(path);
    if (kind === 'link') continue;
    const type = kind === 'missing' ? canStandIn && standIn(path) : 'readOnly';
    if (!type || !isDirectory(dirname(path))) continue;
    mounts.set(path, type);
    pinAncestors(path, laying);
  }
  pinAncestors(root, laying);
}

/** A symlink can't be covered by a mount: the root then stays closed itself, and its other entries are opened one by one. */
function layChildren(root: string, { mounts, notes }: Laying, closed: readonly string[]): void {
  for (const name of readdirSync(root)) {
    const path = join(root, name);
    if (!closed.includes(path) && kindOf(path) !== 'link') mounts.set(path, 'writable');
  }
  notes.push(`${root}: a protected name in it is a symlink, so commands can't make new entries directly in it`);
}

/** Opens a git directory outside of the roots for commits; what is closed in it is laid upon it afterwards. */
function pin(dir: string, { mounts }: Laying): void {
  if (kindOf(dir) === 'directory') mounts.set(dir, 'pinned');
}

function pinAncestors(path: string, { roots, mounts }: Laying): void {
  for (let dir = dirname(path); dir !== dirname(dir); dir = dirname(dir)) {
    if (mounts.has(dir)) continue;
    if (!roots.some((root) => isBelow(dir, root) && dir !== root)) return;
    mounts.set(dir, 'pinned');
  }
}

/**
 * Pins what lies between a hidden path and the writable place that it is in: in a directory that was renamed the next command
 * would find it under another name. What is closed there already can't be renamed, and stays closed.
 */
function pinHolders(path: string, mounts: Laying['mounts']): void {
  const between: string[] = [];
  for (let dir = dirname(path); dir !== dirname(dir); dir = dirname(dir)) {
    const type = mounts.get(dir);
    if (type === undefined) between.push(dir);
    else {
      if (type === 'writable' || type === 'pinned') for (const each of between) mounts.set(each, 'pinned');
      return;
    }
  }
}

/** Directories for temporary files, which many programs share: nothing is made in them for protection's sake. */
function isScratch(root: string, { env, cwd }: MountOptions): boolean {
  if (root === realPath(cwd)) return false;
  return root === realPath('/tmp') || root === realPath(env['TMPDIR'] || '/tmp');
}

function kindOf(path: string): 'missing' | 'link' | 'directory' | 'file' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return 'missing';
  if (stat.isSymbolicLink()) return 'link';
  return stat.isDirectory() ? 'directory' : 'file';
}

function isDirectory(path: string): boolean {
  return kindOf(path) === 'directory';
}

function depth(path: string): number {
  return path.split('/').length;
}
