import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { git, PlaceError } from './git.ts';
import { Maker } from './maker.ts';

/** A work tree that is being made: as a draft of this maker's own, which is renamed when it is whole. */
export interface Making {
  readonly maker: Maker;
  /** Aborts when nobody waits any more, or another front makes the same. */
  readonly signal: AbortSignal;
}

export interface NewTree extends Making {
  /** Where the work tree is to be. */
  readonly cwd: string;
  readonly revision: string | undefined;
}

/** Makes a directory, alone among all fronts, unless it is there. What a failure leaves is removed. @throws PlaceError */
export async function makeWhole(
  cwd: string,
  abandonedMs: number,
  make: (making: Making) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await using maker = await Maker.of(cwd, abandonedMs, signal);
  if (maker === null) return;
  const clear = async () => {
    await rm(cwd, { recursive: true, force: true });
    await removeDrafts(dirname(cwd));
  };
  await clear();
  try {
    await make({ maker, signal: AbortSignal.any([signal, maker.lost]) });
  } catch (error) {
    if (await maker.isOwner()) await clear();
    if (!maker.lost.aborted || signal.aborted) throw error;
  }
  if (!(await maker.isOwner())) {
    throw new PlaceError('another front has taken the making of this place over: ask again');
  }
}

/** What git may take to clear up behind a failure or an abort, ms. */
const CLEAR_MS = 10_000;

/** @throws PlaceError; the signal's reason */
export async function clone({ url, revision, cwd, maker, signal }: NewTree & { readonly url: string }): Promise<void> {
  await git(['clone', '--no-checkout', '--no-hardlinks', '--', url, maker.draft], signal);
  await git(['-C', maker.draft, 'checkout', '--detach', revision ?? 'HEAD', '--'], signal);
  if (await maker.isOwner()) await rename(maker.draft, cwd);
}

/**
 * Adds a work tree to a repository, which knows it by its path: it is named again when its draft is renamed, and locked until then,
 * since an entry whose path leads nowhere is pruned. One that is not finished is removed.
 * @throws PlaceError; the signal's reason
 */
export async function addWorkTree(tree: NewTree & { readonly repository: string }): Promise<void> {
  const { repository, revision, cwd, maker, signal } = tree;
  const worktree = worktreeOf(repository, signal);
  for (const left of [cwd, ...maker.earlierDrafts]) await forget(worktree, left);
  await worktree('prune');
  let isWhole = false;
  try {
    await worktree('add', '-f', '-f', '--lock', '--detach', maker.draft, revision ?? 'HEAD');
    if (!(await maker.isOwner())) return;
    await rename(maker.draft, cwd);
    await worktree('repair', cwd);
    await worktree('unlock', cwd);
    isWhole = true;
  } finally {
    if (!isWhole) await clearUp(tree);
  }
}

/** Once it is repaired, the repository knows the tree by its own path, which is another's where this maker has lost its right. */
async function clearUp({ repository, cwd, maker }: NewTree & { readonly repository: string }): Promise<void> {
  const worktree = worktreeOf(repository, AbortSignal.timeout(CLEAR_MS));
  await forget(worktree, maker.draft);
  if (await maker.isOwner()) await forget(worktree, cwd);
}

type Worktree = (...args: readonly string[]) => Promise<void>;

function worktreeOf(repository: string, signal: AbortSignal): Worktree {
  return (...args) => git(['-C', repository, 'worktree', ...args], signal);
}

/** Removes what a repository knows of a work tree that nobody has finished. Mostly it knows nothing of that path. */
async function forget(worktree: Worktree, path: string): Promise<void> {
  try {
    await worktree('remove', '-f', '-f', path);
  } catch (error) {
    if (!(error instanceof PlaceError)) throw error;
  }
}

/** Removes what was not finished beside the work tree of a thread. */
export async function removeDrafts(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const name of await readdir(folder)) {
    if (name.startsWith('work.draft-')) await rm(join(folder, name), { recursive: true, force: true });
  }
}
