import type { ApprovalRequest } from 'keel/session';
import type { Question } from '../protocol.ts';

/** What the engine's journal keeps of a final message or an error, bytes as JSON; the rollout has all of it. */
export const MESSAGE_BYTES = 240;
const QUESTION_BYTES = 120;
/** A question about a call is kept whole up to this size, bytes as JSON: whoever answers sees the command and the reason. */
const CALL_BYTES = 4_096;
const CUT = '…';

/** The beginning of a text that takes at most `bytes` as JSON, whatever it is written in. */
export function cutText(text: string, bytes: number): string;
export function cutText(text: string | null, bytes: number): string | null;
export function cutText(text: string | null, bytes: number): string | null {
  if (text === null || (text.length <= bytes && sizeOf(text) <= bytes)) return text;
  let cut = text.slice(0, bytes).toWellFormed();
  while (sizeOf(cut + CUT) > bytes) cut = cut.slice(0, -1).toWellFormed();
  return cut + CUT;
}

/** Without the quotes. */
function sizeOf(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** A question as the engine keeps it: in one line, for lists, and whole, since it is answered by what it says. */
export function shownQuestion(request: ApprovalRequest): Question {
  const about = cutText(subjectOf(request).replace(/\s+/g, ' '), QUESTION_BYTES);
  const { questionId } = request;
  if (request.type === 'questions') return { questionId, about, asked: request.questions };
  const isKept = Buffer.byteLength(JSON.stringify(request)) <= CALL_BYTES;
  return { questionId, about, ...(isKept ? { call: request } : {}) };
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
    case 'questions':
      return `answer: ${request.questions.map(({ question }) => question).join(' ')}`;
    case 'network':
      return `reach ${request.protocol}://${request.host}:${request.port}`;
  }
}
