import type { ApprovalQuestion, FormValue, UserQuestion } from '../../../../foundation/protocol/index.ts';
import type { ToolContext, UserAnswers } from '../../../../tools/contract/index.ts';
import type { Approver } from '../../../../tools/index.ts';

/**
 * Asks the user what the model wants to know in a call. The answer is a step of the turn like the decision about a call, with an id
 * that names the call and the questions.
 */
export function userAsker(approver: Approver, callId: string): ToolContext['askUser'] {
  return async (questions, signal) => {
    const asked: ApprovalQuestion = { type: 'questions', callId, questions: [...questions], reason: null };
    const subject = { keys: [JSON.stringify(questions)], hookMayAllow: false };
    const decision = await approver.request(asked, signal, subject);
    if (decision.type === 'denied') return answersIn(questions, inOwnWords(questions, decision.message));
    return decision.type === 'approved' ? answersIn(questions, decision.content ?? {}) : null;
  };
}

/** What the user says in the place of an answer is one too: to the first question, where nothing says to which. */
function inOwnWords([first]: readonly UserQuestion[], message = ''): Readonly<Record<string, FormValue>> {
  return first === undefined ? {} : { [first.id]: message };
}

/** A surface may send anything as an answer: only what has some text counts. */
function answersIn(
  questions: readonly UserQuestion[],
  content: Readonly<Record<string, FormValue>>,
): UserAnswers | null {
  const given = questions.flatMap(({ id }) => {
    const value = Object.hasOwn(content, id) ? content[id] : undefined;
    const list = (Array.isArray(value) ? value : [value ?? '']).map((part) => String(part).trim());
    const texts = list.filter((text) => text !== '');
    return texts.length === 0 ? [] : [[id, texts] as const];
  });
  return given.length === 0 ? null : Object.fromEntries(given);
}
