import type { ApprovalDecision, ApprovalRequest, FormValue, UserQuestion } from '../../../foundation/protocol/index.ts';

/** A dialog with what has been answered of it so far. */
interface Asked {
  readonly request: ApprovalRequest;
  readonly form: Readonly<Record<string, FormValue | null>>;
}

/** The question of the model's that is on the screen now; null: it asks none, or none any more. */
export function openQuestion({ request, form }: Asked): UserQuestion | null {
  if (request.type !== 'questions') return null;
  return request.questions.find(({ id }) => !Object.hasOwn(form, id)) ?? null;
}

/** Where a question is among several, for the title. */
export function placeOf({ request, form }: Asked): string {
  if (request.type !== 'questions' || request.questions.length === 1) return '';
  return ` (${Object.keys(form).length + 1} of ${request.questions.length})`;
}

/** What counts when no further question gets an answer: those that were answered, if any. */
export function answerSoFar({ form }: Pick<Asked, 'form'>): ApprovalDecision {
  const given = Object.entries(form).filter((entry): entry is [string, FormValue] => entry[1] !== null);
  return given.length === 0 ? { type: 'denied' } : { type: 'approved', content: Object.fromEntries(given) };
}
