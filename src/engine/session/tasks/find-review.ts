import { type FoundTarget, reviewRequest } from '../../../context/index.ts';
import { KeelError, type Op, type ReviewTarget } from '../../../foundation/protocol/index.ts';
import { programSearch } from '../../../storage/config/index.ts';
import { type Found, findCommit, findWorkTree, mergeBase, type ReviewOptions } from '../../../system/git/index.ts';
import type { SessionScope } from '../turn/session-scope.ts';
import { ReviewTask } from './review-task.ts';

/** Time for git to find the target of a review. */
const GIT_LIMIT_MS = 30_000;
/** Names of branches and commits that git can't take for an option, and that mean nothing to a shell. */
const REVISION = /^[A-Za-z0-9][\w./@^~-]*$/;

/** @throws KeelError `invalidInput` for a name that is no branch or commit */
export function reviewTask(op: Extract<Op, { type: 'review' }>, { state, services }: SessionScope): ReviewTask {
  const { target, outputSchema } = op;
  const name = target.type === 'baseBranch' ? target.branch : target.type === 'commit' ? target.sha : null;
  if (name !== null && !REVISION.test(name)) {
    throw new KeelError('invalidInput', `"${name}" is not the name of a branch or a commit`);
  }
  return new ReviewTask({
    request: async (stopped) => {
      const signal = AbortSignal.any([stopped, AbortSignal.timeout(GIT_LIMIT_MS)]);
      const { cwd } = state.configuration;
      return reviewRequest(await findTarget(target, { cwd, ...programSearch(services.config), signal }));
    },
    hint: hintOf(target),
    model: services.config.reviewModel,
    outputSchema,
  });
}

/** @throws KeelError `invalidInput` if the repository has no such target, or there is no repository or no git */
async function findTarget(target: ReviewTarget, options: ReviewOptions): Promise<FoundTarget> {
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

function hintOf(target: ReviewTarget): string {
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
