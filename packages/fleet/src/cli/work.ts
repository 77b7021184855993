import { resolve } from 'node:path';
import type { NewTurn } from '../client/fleet-client.ts';
import { Places, WorkTree } from '../place/index.ts';
import { CommandError } from './fleet-folder.ts';
import type { Target } from './target.ts';

/** What a person on their own machine may clone from: everything that is a repository's address. */
const EVERYWHERE = ['https://', 'ssh://', 'file:///'];

/** Where a new thread is to work: a place that the fleet makes, or a directory of this machine as it is. */
export type Work = { readonly type: 'here'; readonly cwd: string } | WorkTree;

/** What names the repository of a thread, so that few work in one at once; null: nothing is shared. */
export function repositoryOf(work: Work): string | null {
  switch (work.type) {
    case 'here':
      return work.cwd;
    case 'clone':
      return work.url;
    case 'worktree':
      return work.repository;
    case 'directory':
      return work.name;
    case 'empty':
      return null;
  }
}

/** Whether threads in it work in one directory. */
export function isShared({ type }: Work): boolean {
  return type === 'here' || type === 'directory';
}

/** Reads `--clone URL`, `--worktree NAME`, `--directory NAME` and `--revision REV`; none of them: null. @throws CommandError */
export function workIn(values: Readonly<Record<string, string | undefined>>): WorkTree | null {
  const { clone, worktree, directory, revision } = values;
  if ([clone, worktree, directory].filter((value) => value !== undefined).length > 1)
    throw new CommandError('a thread works in one place: --clone, --worktree or --directory');
  if (clone === undefined && worktree === undefined && directory === undefined) {
    if (revision !== undefined) throw new CommandError('--revision is of a --clone or a --worktree');
    return null;
  }
  const at = revision === undefined ? {} : { revision };
  const given =
    clone !== undefined
      ? { type: 'clone', url: clone, ...at }
      : worktree !== undefined
        ? { type: 'worktree', repository: worktree, ...at }
        : { type: 'directory', name: directory };
  const { data, error } = WorkTree.safeParse(given);
  if (data !== undefined) return data;
  throw new CommandError(`there is no place like this: ${error.issues[0]?.path.join('.')} ${error.issues[0]?.message}`);
}

/**
 * What a submission says of where its thread works. An installed fleet makes the place; on this machine it is made here, and the
 * thread has the user's home.
 * @throws CommandError, PlaceError
 */
export async function placeOf(
  target: Target,
  { threadId, work, home }: { readonly threadId: string; readonly work: Work; readonly home: string },
  signal: AbortSignal,
): Promise<Pick<NewTurn, 'work' | 'place'>> {
  if (target.type === 'installed') {
    if (work.type !== 'here') return { work };
    throw new CommandError(
      'the fleet does not see your directories: name a --clone, --worktree or --directory of its own',
    );
  }
  if (work.type === 'here') return { place: { cwd: resolve(work.cwd), home } };
  const { cwd } = await new Places({ data: target.dir, cloneFrom: EVERYWHERE }).make(threadId, work, signal);
  return { place: { cwd, home } };
}
