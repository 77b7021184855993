import type { FoundTarget } from '../../../context/index.ts';
import { KeelError, type ReviewTarget } from '../../../foundation/protocol/index.ts';
import {
  type Found,
  findCommit,
  findWorkTree,
  mergeBase,
  type ReviewOptions,
  type UncommittedOptions,
  uncommittedChanges,
} from '../../../system/git/index.ts';

/** Time for git to find the target of a review, milliseconds. */
export const GIT_LIMIT_MS = 30_000;

/**
 * @throws KeelError `invalidInput` if the repository has no such target, there is nothing in it to review, or there is no repository or
 * no git
 */
export async function findTarget(target: ReviewTarget, options: UncommittedOptions): Promise<FoundTarget> {
  switch (target.type) {
    case 'uncommittedChanges':
      found(await findWorkTree(options), options);
      if (!(await hasUncommitted(options))) throw nothingIn('there are no uncommitted changes');
      return target;
    case 'baseBranch': {
      const base = found(await mergeBase(target.branch, options), options).mergeBase;
      const { commit } = found(await findCommit('HEAD', options), options);
      if (commit.sha === base && !(await hasUncommitted(options))) {
        throw nothingIn(`HEAD has nothing that ${target.branch} has not`);
      }
      return { ...target, mergeBase: base };
    }
    case 'commit': {
      const { commit } = found(await findCommit(target.sha, options), options);
      return { ...target, sha: commit.sha, title: target.title ?? commit.title };
    }
    case 'custom':
      return target;
  }
}

/** Where git can't say, there may be some. */
async function hasUncommitted(options: UncommittedOptions): Promise<boolean> {
  const changes = await uncommittedChanges(options);
  if (changes.type === 'notFound') return true;
  return changes.staged.length + changes.unstaged.length + changes.untracked.length > 0;
}

function nothingIn(what: string): KeelError {
  return new KeelError('invalidInput', `there is nothing to review: ${what}; instructions in words review anything`);
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
