import type { ApprovalRequest } from 'keel/session';
import type { Question } from '../protocol.ts';

/** What the engine's journal keeps of a final message or an error, characters; the rollout has all of it. */
export const MESSAGE_CHARS = 240;
const QUESTION_CHARS = 120;

export function cutText(text: string, chars: number): string;
export function cutText(text: string | null, chars: number): string | null;
export function cutText(text: string | null, chars: number): string | null {
  return text === null || text.length <= chars ? text : `${text.slice(0, chars - 1)}…`;
}

/** A question in one line, for lists. */
export function shownQuestion(request: ApprovalRequest): Question {
  return { questionId: request.questionId, about: cutText(subjectOf(request).replace(/\s+/g, ' '), QUESTION_CHARS) };
}

function subjectOf(request: ApprovalRequest): string {
  switch (request.type) {
    case 'command':
      return `run ${request.command.join(' ')}`;
    case 'fileChange':
      return `change ${request.changes.map(({ path }) => path).join(', ')}`;
    case 'mcpToolCall':
      return `call ${request.server}.${request.tool}`;
    case 'elicitation':
    case 'elicitationUrl':
      return `${request.server} asks: ${request.message}`;
    case 'network':
      return `reach ${request.protocol}://${request.host}:${request.port}`;
  }
}
