import { REVIEW_RUBRIC, reviewNote, reviewText } from '../context/index.ts';
import type { ReviewOutput, ThreadItem } from '../protocol/index.ts';
import type { TurnOutcome } from '../turn/index.ts';
import type { DelegateResult } from './delegate.ts';
import { parseReview, REVIEW_SCHEMA } from './parse-review.ts';
import type { SessionTask, TaskSession } from './task.ts';

/** What a reviewer has no use for: it changes nothing. */
const WITHOUT_TOOLS = ['apply_patch', 'edit_file', 'update_plan', 'view_image'];

export interface ReviewTaskOptions {
  /** What the reviewer is asked, in full. May look at the repository. @throws KeelError `invalidInput` */
  readonly request: (signal: AbortSignal) => Promise<string>;
  /** The same for a person, in a few words. */
  readonly hint: string;
  /** Null: the thread's own. */
  readonly model: string | null;
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
    const { hint, model } = this.#options;
    const { turnId } = session.context;
    show(session, { type: 'enteredReviewMode', id: `${turnId}-review`, review: hint });
    this.#isOpen = true;
    const result = await session.delegate(
      {
        role: 'review',
        instructions: REVIEW_RUBRIC,
        prompt: await this.#prompt(session, signal),
        outputSchema: REVIEW_SCHEMA,
        model,
        effort: 'low',
        withoutTools: WITHOUT_TOOLS,
      },
      signal,
    );
    this.#exit(session, outputOf(result));
    if (result.type === 'failed') return result;
    return result.type === 'interrupted' ? result : { type: 'completed', lastAgentMessage: null };
  }

  async #prompt(session: TaskSession, signal: AbortSignal): Promise<string> {
    try {
      return await this.#options.request(signal);
    } catch (error) {
      this.#exit(session, null);
      throw error;
    }
  }

  async abort(session: TaskSession): Promise<void> {
    this.#exit(session, null);
  }

  /** Records the result and shows it; null: there is none. Only the first call counts. */
  #exit(session: TaskSession, output: ReviewOutput | null): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    session.addItems([reviewNote(output)]);
    const review = output === null ? 'The review was interrupted.' : reviewText(output);
    const id = `${session.context.turnId}-reviewed`;
    show(session, { type: 'exitedReviewMode', id, review, output });
  }
}

function outputOf(result: DelegateResult): ReviewOutput | null {
  return result.type === 'completed' && result.lastMessage !== null ? parseReview(result.lastMessage) : null;
}

function show({ context, show: showEvent }: TaskSession, item: ThreadItem): void {
  showEvent({ type: 'item.started', turnId: context.turnId, item });
  showEvent({ type: 'item.completed', turnId: context.turnId, item });
}
