import {
  ApprovalDecision,
  type ApprovalRequest,
  type SessionEventOf,
  type UserQuestion,
} from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';

/** Whose call an approval is for. */
export interface ApprovalSource {
  /** The thread that asks: this one, or a child. */
  readonly threadId: string;
  /** Which child asks, by its name in this thread (`worker-1`, `review`); null for the thread itself. */
  readonly agent: string | null;
}

/** Decides about a call. A throw counts as a denial, and so does a value that isn't a decision. */
export type ApprovalHandler = (
  request: ApprovalRequest,
  source: ApprovalSource,
) => Promise<ApprovalDecision> | ApprovalDecision;

/** By the id of the question: one of its labels, or a text of the user's own. */
export type QuestionAnswers = Readonly<Record<string, string>>;

/** Answers what the model asks the user. Null, a throw and anything else mean that nobody answers: the agent decides itself. */
export type QuestionHandler = (
  questions: readonly UserQuestion[],
) => Promise<QuestionAnswers | null> | QuestionAnswers | null;

export interface Handlers {
  readonly onApproval: ApprovalHandler | null;
  readonly onQuestions: QuestionHandler | null;
}

/** What the program answers. Never rejects. */
export async function decisionOf(
  { request, threadId, agent }: SessionEventOf<'approval.requested'>,
  { onApproval, onQuestions }: Handlers,
): Promise<ApprovalDecision> {
  try {
    if (request.type === 'questions') return answerIn(await onQuestions?.(request.questions));
    return onApproval === null
      ? { type: 'denied' }
      : decisionIn(await onApproval(request, { threadId, agent: agent ?? null }));
  } catch (error) {
    // The message of a denial would be the user's answer to a question.
    return request.type === 'questions' ? { type: 'denied' } : { type: 'denied', message: reasonOf(error) };
  }
}

/** A program without types may answer anything, and a call without an answer waits forever. */
function decisionIn(answer: unknown): ApprovalDecision {
  const { data } = ApprovalDecision.safeParse(answer);
  return data ?? { type: 'denied', message: 'onApproval did not return a decision' };
}

function answerIn(content: unknown): ApprovalDecision {
  const { data } = ApprovalDecision.safeParse({ type: 'approved', content: content ?? {} });
  return data ?? { type: 'denied' };
}
