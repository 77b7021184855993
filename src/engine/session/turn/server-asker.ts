import type { TurnContext } from '../../../context/index.ts';
import type { ApprovalRequest, SessionEvent } from '../../../foundation/protocol/index.ts';
import { onAbort, randomUUID } from '../../../foundation/util/index.ts';
import type { AskServerQuestion, ServerAnswer } from '../../../models/mcp/index.ts';
import type { TurnApprovals } from './approvals.ts';
import type { TurnRecorder } from './turn-recorder.ts';

export interface ServerAskerParts {
  readonly context: TurnContext;
  readonly recorder: Pick<TurnRecorder, 'isRevoked'>;
  readonly questions: TurnApprovals;
  /** For what is known only after the turn. */
  readonly emit: (event: SessionEvent) => void;
  /** Aborts when the turn is stopped. */
  readonly signal: AbortSignal;
}

/** Asks a turn's user what a server wants to know. Where nobody answers, and after the turn, the question is declined. */
export function serverAsker({ context, recorder, questions, emit, signal }: ServerAskerParts): AskServerQuestion {
  const { threadId, turnId, canAsk } = context;
  return async (question, gone): Promise<ServerAnswer> => {
    if (!canAsk || recorder.isRevoked || signal.aborted) return { action: 'decline' };
    const { server, message } = question;
    // The question is part of no journal, so its id must not repeat when a later process restarts the count.
    const questionId = `${threadId}/${turnId}/server-${randomUUID()}`;
    const asked = { questionId, server, message, reason: null };
    const request: ApprovalRequest =
      question.type === 'form'
        ? { type: 'elicitation', ...asked, requestedSchema: question.requestedSchema }
        : { type: 'elicitationUrl', ...asked, url: question.url };
    const answered = questions.request(request, { threadId }, AbortSignal.any([gone, signal]));
    if (question.type === 'url') {
      onAbort(question.completed, () => {
        emit({ type: 'elicitation.completed', questionId, server });
        questions.answer(questionId, { type: 'approved' });
      });
    }
    const decision = await answered;
    if (decision.type === 'abort') return { action: 'cancel' };
    if (decision.type === 'denied') return { action: 'decline' };
    if (question.type === 'url') return { action: 'accept', content: {} };
    const content = decision.type === 'approved' ? (decision.content ?? {}) : {};
    return isComplete(content, question.requestedSchema) ? { action: 'accept', content } : { action: 'decline' };
  };
}

/** Whether each field that a server needs has an answer or a default, which the protocol's library fills in. */
function isComplete(content: Readonly<Record<string, unknown>>, schema: unknown): boolean {
  const { required, properties } = fieldsOf(schema);
  const names = Array.isArray(required) ? required.filter((name) => typeof name === 'string') : [];
  return names.every((name) => Object.hasOwn(content, name) || 'default' in fieldsOf(fieldsOf(properties)[name]));
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
