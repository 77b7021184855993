import type {
  ApprovalDecision,
  ApprovalRequest,
  FormValue,
  SandboxPolicy,
} from '../../../foundation/protocol/index.ts';
import { withoutLast } from '../../text/index.ts';
import { type FormField, fieldAnswer, formFields } from './form.ts';
import { answerSoFar, openQuestion } from './question.ts';

/** Keys do nothing in a dialog before it was on the screen, and no key came, for this long: nobody answers what they have not read. */
const DIALOG_REST_MS = 350;

/** A question to the user, on the screen or waiting for its turn. */
export interface ApprovalView {
  readonly request: ApprovalRequest;
  /** The child that asks; null: the thread itself. */
  readonly agent: string | null;
  /** The sandbox policy of the thread when it asked. */
  readonly policy: SandboxPolicy;
  readonly cwd: string;
  /** When it was first painted as the front one; null: not yet. */
  readonly paintedAt: number | null;
  readonly selected: number;
  /** Whether something was selected with the arrow keys. */
  readonly isTouched: boolean;
  /** A choice that needs its key a second time, after the first one. */
  readonly armed: ChoiceKey | null;
  /** Rows of the body that are below the visible part. The end is what is shown first. */
  readonly below: number;
  /** What is being written: the message of a denial, or an answer; null: nothing. */
  readonly denial: string | null;
  /** What a server's form is filled with so far (null: a field was passed over), or which answers were given. */
  readonly form: Readonly<Record<string, FormValue | null>>;
  /** What is wrong with the last answer to a field. */
  readonly fault: string | null;
}

/** An `option` is chosen by its number, and so is `other`: an answer in the user's own words. */
export type ChoiceKey = 'y' | 'a' | 'p' | 'n' | 'option' | 'other' | 'escape';

export interface Choice {
  readonly key: ChoiceKey;
  readonly label: string;
  /** It is for more than this once, so its key is asked for twice. */
  readonly isLasting: boolean;
  /** Of an `option`: which one of its question's, from 0. Two of them may read the same. */
  readonly option?: number;
}

/** What the user can answer. */
export function choicesOf(view: Pick<ApprovalView, 'request' | 'form'>): readonly Choice[] {
  const { request } = view;
  if (request.type === 'questions') return answerChoices(view);
  if (request.type === 'elicitation')
    return questionChoices(formFields(request.requestedSchema).length === 0 ? 'Yes' : 'Answer');
  if (request.type === 'elicitationUrl') return questionChoices('Yes, open it in the browser');
  const once: Choice = { key: 'y', label: 'Yes, this once', isLasting: false };
  const no: Choice = { key: 'n', label: 'No, and say what to do instead', isLasting: false };
  const stop: Choice = { key: 'escape', label: 'No, and stop the turn', isLasting: false };
  return [once, ...sessionChoice(request), ...ruleChoice(request), no, stop];
}

type Elicitation = Extract<ApprovalRequest, { type: 'elicitation' | 'elicitationUrl' }>;

function questionChoices(yes: string): readonly Choice[] {
  return [
    { key: 'y', label: yes, isLasting: false },
    { key: 'n', label: 'No: the server gets no answer', isLasting: false },
    { key: 'escape', label: 'No, and stop the turn', isLasting: false },
  ];
}

function answerChoices(view: Pick<ApprovalView, 'request' | 'form'>): readonly Choice[] {
  const options = openQuestion(view)?.options ?? [];
  return [
    ...options.map(({ label, description }, option): Choice => {
      const text = description.trim() === '' ? label : `${label}: ${description}`;
      return { key: 'option', label: text, isLasting: false, option };
    }),
    { key: 'other', label: 'Something else, in your own words', isLasting: false },
    { key: 'escape', label: 'No answer: the agent decides itself', isLasting: false },
  ];
}

/** The choice of a typed character or key; undefined: it is none, and belongs to the draft. */
export function choiceOf(view: ApprovalView, key: string): Choice | undefined {
  const choices = choicesOf(view);
  return choices.find((choice, index) => choice.key === key.toLowerCase() || String(index + 1) === key);
}

/** The field of a server's form that is asked for now; null: there is none, or none any more. */
export function openField({ request, form }: Pick<ApprovalView, 'request' | 'form'>): FormField | null {
  if (request.type !== 'elicitation') return null;
  return formFields(request.requestedSchema).find(({ name }) => !Object.hasOwn(form, name)) ?? null;
}

function sessionChoice(request: Exclude<ApprovalRequest, Elicitation | { type: 'questions' }>): Choice[] {
  const labels = {
    command: 'Yes, and the same command for the rest of this session',
    fileChange: 'Yes, and changes of these files for the rest of this session',
    mcpToolCall: 'Yes, and all calls of this tool for the rest of this session',
    network: 'Yes, and this host for the rest of this session',
  } as const;
  return [{ key: 'a', label: labels[request.type], isLasting: true }];
}

function ruleChoice(request: ApprovalRequest): Choice[] {
  if (request.type === 'command' && request.proposedRule !== undefined) {
    const words = request.proposedRule.prefix.join(' ');
    return [{ key: 'p', label: `Yes, and remember: commands that start with \`${words}\``, isLasting: true }];
  }
  if (request.type === 'network' && request.proposedRule !== undefined) {
    const { host, protocol } = request.proposedRule;
    return [{ key: 'p', label: `Yes, and remember: ${host} by ${protocol}`, isLasting: true }];
  }
  return [];
}

/** What a key does to the dialog, or the answer that it gives. */
export type ApprovalStep =
  | { readonly type: 'view'; readonly view: ApprovalView }
  | { readonly type: 'answer'; readonly decision: ApprovalDecision };

/** @param key a typed character, or the name of a key */
export function approvalKey(view: ApprovalView, key: string, page: number): ApprovalStep {
  if (view.denial !== null) return denialKey(view, view.denial, key);
  const choices = choicesOf(view);
  const shown = (change: Partial<ApprovalView>): ApprovalStep => ({
    type: 'view',
    view: { ...view, armed: null, ...change },
  });
  switch (key) {
    case 'up':
      return shown({ isTouched: true, selected: (view.selected + choices.length - 1) % choices.length });
    case 'down':
      return shown({ isTouched: true, selected: (view.selected + 1) % choices.length });
    case 'pageup':
      return shown({ below: view.below + page });
    case 'pagedown':
      return shown({ below: Math.max(0, view.below - page) });
    case 'enter':
      return chosen(view, choices[view.selected]);
    default:
      return chosen(view, choiceOf(view, key));
  }
}

function chosen(view: ApprovalView, choice: Choice | undefined): ApprovalStep {
  if (choice === undefined) return { type: 'view', view: { ...view, armed: null } };
  if (choice.isLasting && view.armed !== choice.key) {
    const selected = choicesOf(view).findIndex(({ key }) => key === choice.key);
    return { type: 'view', view: { ...view, armed: choice.key, selected } };
  }
  switch (choice.key) {
    case 'y':
      if (openField(view) !== null) return { type: 'view', view: { ...view, armed: null, denial: '' } };
      return { type: 'answer', decision: { type: 'approved' } };
    case 'a':
      return { type: 'answer', decision: { type: 'approvedForSession' } };
    case 'p':
      return { type: 'answer', decision: { type: 'approvedAndRemembered' } };
    case 'n':
      if (view.request.type === 'elicitation' || view.request.type === 'elicitationUrl')
        return { type: 'answer', decision: { type: 'denied' } };
      return { type: 'view', view: { ...view, armed: null, denial: '' } };
    case 'option':
      return questionAnswered(view, openQuestion(view)?.options[choice.option ?? -1]?.label ?? '');
    case 'other':
      return { type: 'view', view: { ...view, armed: null, denial: '' } };
    case 'escape':
      return { type: 'answer', decision: view.request.type === 'questions' ? answerSoFar(view) : { type: 'abort' } };
  }
}

/** The next question, which has to be on the screen for its own time, or all answers. */
function questionAnswered(view: ApprovalView, answer: string): ApprovalStep {
  const question = openQuestion(view);
  const form = question === null ? view.form : { ...view.form, [question.id]: answer };
  const next = { ...view, form, paintedAt: null, selected: 0, isTouched: false, armed: null, below: 0, denial: null };
  return openQuestion(next) === null ? { type: 'answer', decision: answerSoFar(next) } : { type: 'view', view: next };
}

/** While the reason of a denial, or the answer to a field, is written. */
function denialKey(view: ApprovalView, denial: string, key: string): ApprovalStep {
  const field = openField(view);
  if (key === 'enter' && field !== null) return answered(view, field, denial);
  if (key === 'escape') return { type: 'view', view: { ...view, denial: null } };
  if (key === 'enter' && view.request.type === 'questions') {
    const text = denial.trim();
    return text === '' ? { type: 'view', view: { ...view, denial: null } } : questionAnswered(view, text);
  }
  if (key === 'enter') {
    const message = denial.trim();
    return { type: 'answer', decision: { type: 'denied', ...(message === '' ? {} : { message }) } };
  }
  if (key === 'backspace') return { type: 'view', view: { ...view, denial: withoutLast(denial) } };
  return { type: 'view', view };
}

/** The next field, or the whole form as the answer. */
function answered(view: ApprovalView, field: FormField, text: string): ApprovalStep {
  const answer = fieldAnswer(field, text);
  if (answer.type === 'wrong') return { type: 'view', view: { ...view, fault: answer.message } };
  const form = { ...view.form, [field.name]: answer.type === 'value' ? answer.value : null };
  if (openField({ ...view, form }) !== null) return { type: 'view', view: { ...view, form, denial: '', fault: null } };
  const given = Object.entries(form).filter((entry): entry is [string, FormValue] => entry[1] !== null);
  return { type: 'answer', decision: { type: 'approved', content: Object.fromEntries(given) } };
}

/** Whether keys of this moment are meant for the dialog, rather than for the draft that was being written when it came up. */
export function isAwake(view: ApprovalView, at: number, lastKeyAt: number): boolean {
  return view.paintedAt !== null && at - Math.max(view.paintedAt, lastKeyAt) >= DIALOG_REST_MS;
}
