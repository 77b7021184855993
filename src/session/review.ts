import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { reviewRequest } from '../context/index.ts';
import { KeelError, type ReviewTarget } from '../protocol/index.ts';
import { ReviewTask } from '../tasks/index.ts';
import type { SessionScope } from './session-scope.ts';

const run = promisify(execFile);
const GIT_LIMIT_MS = 5_000;
/** Names of branches and commits that git can't take for an option, and that mean nothing to a shell. */
const REVISION = /^[A-Za-z0-9][\w./@^~-]*$/;
/** The repository may be hostile: nothing that it configures is run, nothing fetched. */
const GIT_SETTINGS = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'core.pager=cat'];

/** @throws KeelError `invalidInput` for a name that is no branch or commit */
export async function reviewTask(target: ReviewTarget, { state, services }: SessionScope): Promise<ReviewTask> {
  const { cwd } = state.configuration;
  const name = target.type === 'baseBranch' ? target.branch : target.type === 'commit' ? target.sha : null;
  if (name !== null && !REVISION.test(name)) {
    throw new KeelError('invalidInput', `"${name}" is not the name of a branch or a commit`);
  }
  const mergeBase = target.type === 'baseBranch' ? await commonAncestor(target.branch, cwd, services.config.env) : null;
  return new ReviewTask({
    request: reviewRequest(target, mergeBase),
    hint: hintOf(target),
    model: services.config.reviewModel,
  });
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

async function commonAncestor(branch: string, cwd: string, env: Readonly<Record<string, string | undefined>>) {
  try {
    const { stdout } = await run('git', [...GIT_SETTINGS, 'merge-base', 'HEAD', branch], {
      cwd,
      env: { ...env, GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', GIT_NO_LAZY_FETCH: '1' },
      timeout: GIT_LIMIT_MS,
    });
    return /^[0-9a-f]{40,64}$/.exec(stdout.trim())?.[0] ?? null;
  } catch {
    // No such branch here, or no git: the reviewer is told how to find it.
    return null;
  }
}
