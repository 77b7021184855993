import { REVIEW_RUBRIC, reviewNote, reviewRequest, reviewRubricFor, reviewText } from '../../../context/index.ts';
import {
  KeelError,
  type Op,
  type ReviewOutput,
  type ThreadItem,
  toKeelError,
} from '../../../foundation/protocol/index.ts';
import { programSearch } from '../../../storage/config/index.ts';
import type { TaskEnd } from '../../../storage/rollout/index.ts';
import { type ChildResult, hasChild, runChild } from '../agents/run-child.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import { parseReview, REVIEW_SCHEMA } from './parse-review.ts';
import { findTarget, GIT_LIMIT_MS, hintOf } from './review-target.ts';
import { outcomeOf, type SessionTask } from './task.ts';

/** A reviewer changes nothing. */
const WITHOUT_TOOLS = ['apply_patch', 'edit_file', 'update_plan', 'view_image', 'web_search'];
/** Names of branches and commits that git can't take for an option, and that mean nothing to a shell. */
const REVISION = /^[A-Za-z0-9][\w./@^~-]*$/;

/** A review as people read it, and its findings; null where the user chose another form. */
interface Review {
  readonly review: string;
  readonly output: ReviewOutput | null;
}

/**
 * A child session looks at a change; its findings become part of the thread, its work does not.
 * @throws KeelError `invalidInput` for a name that can't be a branch or a commit
 */
export function reviewTask({ target, outputSchema }: Extract<Op, { type: 'review' }>): SessionTask {
  const name = target.type === 'baseBranch' ? target.branch : target.type === 'commit' ? target.sha : null;
  if (name !== null && !REVISION.test(name)) {
    throw new KeelError('invalidInput', `"${name}" is not the name of a branch or a commit`);
  }
  return {
    kind: 'review',
    async run({ deps, active }, signal) {
      const { services, state } = deps;
      const { config } = services;
      const request = async () => {
        const limited = AbortSignal.any([signal, AbortSignal.timeout(GIT_LIMIT_MS)]);
        const search = programSearch(config);
        const place = { cwd: state.configuration.cwd, home: config.home, ...search, signal: limited };
        return reviewRequest(await findTarget(target, place));
      };
      // A reviewer that was asked before this turn was begun again continues: what it looks at may be committed by now.
      const found = hasChild(deps, active) ? null : await request();
      if (signal.aborted) return { type: 'interrupted' };
      show(active, { type: 'enteredReviewMode', id: `${active.context.turnId}-review`, review: hintOf(target) });
      let result: ChildResult = { type: 'interrupted' };
      try {
        result = await runChild(
          deps,
          active,
          {
            role: 'review',
            instructions: outputSchema === undefined ? REVIEW_RUBRIC : reviewRubricFor(outputSchema),
            prompt: async () => found ?? request(),
            outputSchema: outputSchema ?? REVIEW_SCHEMA,
            // A review in keel's own form is read leniently.
            checksOutput: outputSchema !== undefined,
            model: config.reviewModel,
            effort: 'low',
            withoutTools: WITHOUT_TOOLS,
          },
          signal,
        );
      } catch (error) {
        result = { type: 'failed', error: toKeelError(error).toInfo() };
        throw error;
      } finally {
        // One that is released is continued elsewhere.
        if (!active.letGo.signal.aborted) leaveReview(active, reviewOf(result, outputSchema), endOf(result));
      }
      return outcomeOf(endOf(result));
    },
  };
}

function endOf(result: ChildResult): TaskEnd {
  return result.type === 'completed' ? { type: 'completed' } : result;
}

/** Null: there is none. */
function reviewOf(result: ChildResult, outputSchema: unknown): Review | null {
  if (result.type !== 'completed' || result.lastMessage === null) return null;
  if (outputSchema !== undefined) return { review: result.lastMessage, output: null };
  const output = parseReview(result.lastMessage);
  return { review: reviewText(output), output };
}

/** Records the review and shows it. */
function leaveReview({ recorder, context }: ActiveTurn, found: Review | null, end: TaskEnd): void {
  const { turnId } = context;
  const { review, output } = found ?? { review: 'The review was interrupted.', output: null };
  const item = { type: 'exitedReviewMode', id: `${turnId}-reviewed`, review, output } as const;
  recorder.show({ type: 'item.started', turnId, item });
  recorder.finish({ note: reviewNote(found?.review ?? null), item, end });
}

function show({ recorder, context }: ActiveTurn, item: ThreadItem): void {
  recorder.show({ type: 'item.started', turnId: context.turnId, item });
  recorder.show({ type: 'item.completed', turnId: context.turnId, item });
}
