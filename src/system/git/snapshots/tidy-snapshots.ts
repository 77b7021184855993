import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { findRepository } from '../repository.ts';
import type { Environment } from '../run/hardening.ts';
import { GitFailure } from '../run/run-git.ts';
import { SnapshotStore, storesDirectory } from './snapshot-store.ts';

export interface TidyOptions {
  readonly home: string;
  readonly env: Environment;
  /** Further directories in which commands may write: no git is taken from there. */
  readonly roots?: readonly string[] | undefined;
  readonly signal: AbortSignal;
  /** Snapshots older than this go. */
  readonly maxAgeMs: number;
  readonly now?: () => number;
}

/** What is younger may belong to a snapshot that is being taken. */
const SETTLED_MS = 24 * 3_600_000;

/** Snapshots are for taking back recent work. */
const MAX_AGE_MS = 14 * 24 * 3_600_000;
const TIDIED_EVERY_MS = 24 * 3_600_000;
const STORE_NAME = /^[0-9a-f]{24}$/;
/** In a store whose snapshots were removed and whose contents were not pruned yet. */
const PRUNE_DUE = 'prune-due';

/** Runs `tidySnapshots` to completion at most once a day for all of keel's processes. A run that was stopped is due again. */
export async function tidySnapshotsIfDue(options: Omit<TidyOptions, 'maxAgeMs'>): Promise<void> {
  const { home, signal, now = Date.now } = options;
  const stores = storesDirectory(home);
  const stamp = join(stores, 'tidied');
  if (!existsSync(stores) || now() - modifiedAt(stamp) < TIDIED_EVERY_MS) return;
  try {
    await tidySnapshots({ ...options, maxAgeMs: MAX_AGE_MS });
  } finally {
    if (!signal.aborted) writeFileSync(stamp, '');
  }
}

/**
 * Removes old snapshots, what only they held, what a killed keel left lying, and the snapshots of work trees that are gone.
 * Nobody else does: no `git gc` reaches them. Returns how many snapshots went.
 */
export async function tidySnapshots(options: TidyOptions): Promise<number> {
  let removed = 0;
  for (const name of namesIn(storesDirectory(options.home))) {
    if (!STORE_NAME.test(name)) continue;
    if (options.signal.aborted) return removed;
    removed += await tidyStore(join(storesDirectory(options.home), name), options);
  }
  return removed;
}

async function tidyStore(
  dir: string,
  { home, env, roots, signal, maxAgeMs, now = Date.now }: TidyOptions,
): Promise<number> {
  const snapshots = join(dir, 'refs', 'snapshots');
  const ids = namesIn(snapshots);
  const isOlder = (path: string, ageMs: number) => now() - modifiedAt(path) > ageMs;
  const old = ids.filter((id) => isOlder(join(snapshots, id), maxAgeMs));
  const root = rootOf(dir);
  const isUnused = old.length === ids.length && isOlder(dir, SETTLED_MS);
  // A work tree that is not there may be on a disk that is not plugged in.
  if (isUnused || (root === null && isOlder(dir, maxAgeMs))) {
    await removeStore(dir, signal);
    return ids.length;
  }
  for (const name of namesIn(dir)) {
    const isLeftover = name.startsWith('tmp-') && isOlder(join(dir, name), SETTLED_MS);
    // An index may rest on contents that are about to go.
    const isIndex = name.startsWith('index-') && old.length > 0;
    if (isLeftover || isIndex) rmSync(join(dir, name), { recursive: true, force: true });
  }
  const pruneDue = join(dir, PRUNE_DUE);
  if (old.length > 0) writeFileSync(pruneDue, '');
  for (const id of old) rmSync(join(snapshots, id), { force: true });
  const repository = root === null ? null : findRepository(root);
  if (existsSync(pruneDue) && repository?.root === root) {
    const store = SnapshotStore.existing({ repository, home, env, roots, signal, now });
    await store?.git(['prune', '--expire=1.day.ago']).catch(ignoreGitFailure);
    if (!signal.aborted) rmSync(pruneDue, { force: true });
  }
  return old.length;
}

/** Folder by folder, since a store may hold a hundred thousand files. Without its HEAD it counts as none. */
async function removeStore(dir: string, signal: AbortSignal): Promise<void> {
  rmSync(join(dir, 'HEAD'), { force: true });
  for (const name of namesIn(join(dir, 'objects'))) {
    if (signal.aborted) return;
    await rm(join(dir, 'objects', name), { recursive: true, force: true });
  }
  if (!signal.aborted) await rm(dir, { recursive: true, force: true });
}

/** A snapshot that rests on lost objects stops git here; its contents stay until it is old itself. */
function ignoreGitFailure(error: unknown): void {
  if (!(error instanceof GitFailure)) throw error;
}

/** The work tree of a store; null if there is none any more. */
function rootOf(dir: string): string | null {
  try {
    const root = readFileSync(join(dir, 'work-tree'), 'utf8');
    return existsSync(join(root, '.git')) ? root : null;
  } catch {
    // Not a whole store.
    return null;
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // None was ever made.
    return [];
  }
}

function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
