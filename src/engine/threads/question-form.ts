import type { ApprovalDecision, UserQuestion } from '../../foundation/protocol/index.ts';

/** A text field of a form, as MCP and ACP have it in common. */
interface QuestionField {
  readonly type: 'string';
  readonly title: string;
  readonly description?: string;
  readonly enum?: string[];
}

/** The model's questions as a form: each has a choice, and a text for an answer in the user's own words. No field has to be filled in. */
export interface QuestionForm {
  readonly message: string;
  readonly requestedSchema: { readonly type: 'object'; readonly properties: Record<string, QuestionField> };
}

export function questionForm(questions: readonly UserQuestion[]): QuestionForm {
  const fields = questions.flatMap(({ header, question, options }, at): (readonly [string, QuestionField])[] => {
    const { choice, other } = namesOf(at);
    const meanings = options.map(({ label, description }) => `${label}: ${description}`);
    const description = [question, ...meanings].join('\n');
    return [
      [choice, { type: 'string', title: header, description, enum: options.map(({ label }) => label) }],
      [other, { type: 'string', title: `${header}, in your own words` }],
    ];
  });
  const asked = questions.map(({ question }) => question);
  return {
    message: ['The agent asks:', ...asked].join('\n'),
    requestedSchema: { type: 'object', properties: Object.fromEntries(fields) },
  };
}

/** What a form was filled with, as the answer. Own words count over a choice. A form without an answer is no answer. */
export function formAnswer(questions: readonly UserQuestion[], filled: unknown): ApprovalDecision {
  const values = typeof filled === 'object' && filled !== null ? Object.entries(filled) : [];
  const textOf = (name: string) => {
    const value: unknown = values.find(([key]) => key === name)?.[1];
    return typeof value === 'string' && value.trim() !== '' ? [value] : [];
  };
  const answers = questions.flatMap(({ id }, at) => {
    const { choice, other } = namesOf(at);
    const [answer] = [...textOf(other), ...textOf(choice)];
    return answer === undefined ? [] : [[id, answer] as const];
  });
  return answers.length === 0 ? { type: 'denied' } : { type: 'approved', content: Object.fromEntries(answers) };
}

/** The ids of questions are the model's: two of them could make one name. */
function namesOf(at: number): { readonly choice: string; readonly other: string } {
  return { choice: `answer_${at + 1}`, other: `other_${at + 1}` };
}
