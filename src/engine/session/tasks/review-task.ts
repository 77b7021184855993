import { REVIEW_RUBRIC, reviewNote, reviewRubricFor, reviewText } from '../../../context/index.ts';
import type { ReviewOutput, ThreadItem } from '../../../foundation/protocol/index.ts';
import type { TurnOutcome } from '../../turn/index.ts';
import type { DelegateResult } from './child-work.ts';
import { parseReview, REVIEW_SCHEMA } from './parse-review.ts';
import type { SessionTask, TaskSession } from './task.ts';

/** What a reviewer has no use for: it changes nothing. */
const WITHOUT_TOOLS = ['apply_patch', 'edit_file', 'update_plan', 'view_image'];

export interface ReviewTaskOptions {
  /** What the reviewer is asked, in full, once its target was found. @throws KeelError `invalidInput` if it was not */
  readonly request: (signal: AbortSignal) => Promise<string>;
  /** The same for a person, in a few words. */
  readonly hint: string;
  /** Null: the thread's own. */
  readonly model: string | null;
  /** JSON Schema of the result; undefined: keel's own form of a review. */
  readonly outputSchema: unknown;
}

/** How a review ended: as people read it, and its findings; null where the user chose another form. */
interface Result {
  readonly review: string;
  readonly output: ReviewOutput | null;
}

/** A child session looks at a change; its findings become part of the thread, its work does not. */
export class ReviewTask implements SessionTask {
  readonly kind = 'review';
  readonly #options: ReviewTaskOptions;
  /** Review mode was entered and not left. */
  #isOpen = false;

  constructor(options: ReviewTaskOptions) {
    this.#options = options;
  }

  async run(session: TaskSession, signal: AbortSignal): Promise<TurnOutcome> {
    const { request, hint, model, outputSchema } = this.#options;
    const { turnId } = session.context;
    const prompt = await request(signal);
    if (signal.aborted) return { type: 'interrupted' };
    show(session, { type: 'enteredReviewMode', id: `${turnId}-review`, review: hint });
    this.#isOpen = true;
    const result = await session.delegate(
      {
        role: 'review',
        instructions: outputSchema === undefined ? REVIEW_RUBRIC : reviewRubricFor(outputSchema),
        prompt,
        outputSchema: outputSchema ?? REVIEW_SCHEMA,
        // A review in keel's own form is read leniently.
        checksOutput: outputSchema !== undefined,
        model,
        effort: 'low',
        withoutTools: WITHOUT_TOOLS,
      },
      signal,
    );
    this.#exit(session, resultOf(result, outputSchema));
    if (result.type === 'failed') return result;
    return result.type === 'interrupted' ? result : { type: 'completed', lastAgentMessage: null };
  }

  async abort(session: TaskSession): Promise<void> {
    this.#exit(session, null);
  }

  /** Records the result and shows it; null: there is none. Only the first call counts. */
  #exit(session: TaskSession, result: Result | null): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    session.addItems([reviewNote(result?.review ?? null)]);
    const { review, output } = result ?? { review: 'The review was interrupted.', output: null };
    const id = `${session.context.turnId}-reviewed`;
    show(session, { type: 'exitedReviewMode', id, review, output });
  }
}

function resultOf(result: DelegateResult, outputSchema: unknown): Result | null {
  if (result.type !== 'completed' || result.lastMessage === null) return null;
  if (outputSchema !== undefined) return { review: result.lastMessage, output: null };
  const output = parseReview(result.lastMessage);
  return { review: reviewText(output), output };
}

function show({ context, show: showEvent }: TaskSession, item: ThreadItem): void {
  showEvent({ type: 'item.started', turnId: context.turnId, item });
  showEvent({ type: 'item.completed', turnId: context.turnId, item });
}
