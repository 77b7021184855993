import { commandRoots } from '../config/index.ts';
import { reviewRequest } from '../context/index.ts';
import { mergeBase } from '../git/index.ts';
import { KeelError, type ReviewTarget } from '../protocol/index.ts';
import { ReviewTask } from '../tasks/index.ts';
import type { SessionScope } from './session-scope.ts';

const GIT_LIMIT_MS = 5_000;
/** Names of branches and commits that git can't take for an option, and that mean nothing to a shell. */
const REVISION = /^[A-Za-z0-9][\w./@^~-]*$/;

/** @throws KeelError `invalidInput` for a name that is no branch or commit */
export function reviewTask(target: ReviewTarget, { state, services }: SessionScope): ReviewTask {
  const name = target.type === 'baseBranch' ? target.branch : target.type === 'commit' ? target.sha : null;
  if (name !== null && !REVISION.test(name)) {
    throw new KeelError('invalidInput', `"${name}" is not the name of a branch or a commit`);
  }
  return new ReviewTask({
    request: async (signal) =>
      reviewRequest(target, target.type === 'baseBranch' ? await commonAncestor(target.branch, signal) : null),
    hint: hintOf(target),
    model: services.config.reviewModel,
  });

  /** Null where there is no such branch or no git: the reviewer is told how to find it. */
  async function commonAncestor(branch: string, stopped: AbortSignal): Promise<string | null> {
    const { cwd } = state.configuration;
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(GIT_LIMIT_MS)]);
    const found = await mergeBase(branch, {
      cwd,
      env: services.config.env,
      roots: commandRoots(services.config),
      signal,
    });
    return found.type === 'found' ? found.mergeBase : null;
  }
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
