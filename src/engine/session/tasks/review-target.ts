import type { FoundTarget } from '../../../context/index.ts';
import { KeelError, type ReviewTarget } from '../../../foundation/protocol/index.ts';
import { type Found, findCommit, findWorkTree, mergeBase, type ReviewOptions } from '../../../system/git/index.ts';

/** Time for git to find the target of a review, milliseconds. */
export const GIT_LIMIT_MS = 30_000;

/** @throws KeelError `invalidInput` if the repository has no such target, or there is no repository or no git */
export async function findTarget(target: ReviewTarget, options: ReviewOptions): Promise<FoundTarget> {
  switch (target.type) {
    case 'uncommittedChanges':
      found(await findWorkTree(options), options);
      return target;
    case 'baseBranch':
      return { ...target, mergeBase: found(await mergeBase(target.branch, options), options).mergeBase };
    case 'commit': {
      const { commit } = found(await findCommit(target.sha, options), options);
      return { ...target, sha: commit.sha, title: target.title ?? commit.title };
    }
    case 'custom':
      return target;
  }
}

function found<T>(result: Found<T>, { signal }: ReviewOptions): T {
  if (result.type === 'found') return result;
  const reason = signal.aborted ? `git gave no answer within ${GIT_LIMIT_MS / 1_000} s` : result.reason;
  throw new KeelError('invalidInput', `the review can't start: ${reason}`);
}

/** The target in a few words, for people. */
export function hintOf(target: ReviewTarget): string {
  switch (target.type) {
    case 'uncommittedChanges':
      return 'uncommitted changes';
    case 'baseBranch':
      return `changes against ${target.branch}`;
    case 'commit':
      return `commit ${target.sha.slice(0, 7)}`;
    case 'custom':
      return target.instructions.split('\n')[0]?.slice(0, 80) ?? '';
  }
}
