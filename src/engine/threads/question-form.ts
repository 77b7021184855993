import type { ApprovalDecision, UserQuestion } from '../../foundation/protocol/index.ts';
import { printable } from '../../foundation/util/index.ts';

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

/**
 * Nothing of what the model wrote can act on a terminal.
 * @param who what the form begins with, where a subagent asks
 */
export function questionForm(questions: readonly UserQuestion[], who = ''): QuestionForm {
  const fields = questions.flatMap(({ header, question, options }, at): (readonly [string, QuestionField])[] => {
    const { choice, other } = namesOf(at);
    const labels = shownLabels(options);
    const meanings = options.map(({ description }, option) => `${labels[option]}: ${printable(description)}`);
    const title = printable(header);
    const description = [printable(question), ...meanings].join('\n');
    return [
      [choice, { type: 'string', title, description, enum: labels }],
      [other, { type: 'string', title: `${title}, in your own words` }],
    ];
  });
  const asked = questions.map(({ question }) => printable(question));
  return {
    message: [printable(`${who}The agent asks:`), ...asked].join('\n'),
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
  const answers = questions.flatMap(({ id, options }, at) => {
    const { choice, other } = namesOf(at);
    const labels = shownLabels(options);
    // The model knows its label by what it wrote, not by what was shown.
    const chosen = textOf(choice).map((text) => options[labels.indexOf(text)]?.label ?? text);
    const [answer] = [...textOf(other), ...chosen];
    return answer === undefined ? [] : [[id, answer] as const];
  });
  return answers.length === 0 ? { type: 'denied' } : { type: 'approved', content: Object.fromEntries(answers) };
}

/** Two labels that look the same differ by their places. */
function shownLabels(options: UserQuestion['options']): string[] {
  const labels = options.map(({ label }) => printable(label));
  return labels.map((label, at) => (labels.indexOf(label) === at ? label : `${label} (${at + 1})`));
}

/** The ids of questions are the model's: two of them could make one name. */
function namesOf(at: number): { readonly choice: string; readonly other: string } {
  return { choice: `answer_${at + 1}`, other: `other_${at + 1}` };
}
