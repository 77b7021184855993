import { REVIEW_RUBRIC, reviewNote, reviewText } from '../context/index.ts';
import type { ReviewOutput, ThreadItem } from '../protocol/index.ts';
import type { TurnOutcome } from '../turn/index.ts';
import type { DelegateResult } from './delegate.ts';
import { parseReview, REVIEW_SCHEMA } from './parse-review.ts';
import type { SessionTask, TaskSession } from './task.ts';

/** What a reviewer has no use for: it changes nothing. */
const WITHOUT_TOOLS = ['apply_patch', 'edit_file', 'update_plan'];

export interface ReviewTaskOptions {
  /** What the reviewer is asked, in full. */
  readonly request: string;
  /** The same for a person, in a few words. */
  readonly hint: string;
  /** Null: the thread's own. */
  readonly model: string | null;
}

/** A child session looks at a change; its findings become part of the thread, its work does not. */
export class ReviewTask implements SessionTask {
  readonly kind = 'review';
  readonly #options: ReviewTaskOptions;

  constructor(options: ReviewTaskOptions) {
    this.#options = options;
  }

  async run(session: TaskSession, signal: AbortSignal): Promise<TurnOutcome> {
    const { request, hint, model } = this.#options;
    const { turnId } = session.context;
    tell(session, { type: 'enteredReviewMode', id: `${turnId}-review`, review: hint });
    const result = await session.delegate(
      {
        role: 'review',
        instructions: REVIEW_RUBRIC,
        prompt: request,
        outputSchema: REVIEW_SCHEMA,
        model,
        effort: 'low',
        withoutTools: WITHOUT_TOOLS,
      },
      signal,
    );
    const output = outputOf(result);
    session.addItems([reviewNote(output)]);
    const review = output === null ? 'The review was interrupted.' : reviewText(output);
    tell(session, { type: 'exitedReviewMode', id: `${turnId}-reviewed`, review, output });
    if (result.type === 'failed') return result;
    return result.type === 'interrupted' ? result : { type: 'completed', lastAgentMessage: null };
  }
}

function outputOf(result: DelegateResult): ReviewOutput | null {
  return result.type === 'completed' && result.lastMessage !== null ? parseReview(result.lastMessage) : null;
}

function tell({ context, ports }: TaskSession, item: ThreadItem): void {
  ports.emit({ type: 'item.started', turnId: context.turnId, item });
  ports.emit({ type: 'item.completed', turnId: context.turnId, item });
}
