import { type Composer, isBlank } from '../composer/index.ts';
import type { State } from '../state.ts';
import { type ApprovalStep, type ApprovalView, approvalKey } from '../views/index.ts';
import { withoutApproval } from './on-approval.ts';
import { only, type Step, step } from './step.ts';

const CHOICE_KEYS: ReadonlySet<string> = new Set(['up', 'down', 'pageup', 'pagedown', 'escape', 'ctrl+c', 'ctrl+a']);

/**
 * Whether a dialog does something with a key; all others belong to the draft. So does Enter while something is written there
 * and nothing was selected in the dialog: it sends the draft, and allows nothing.
 */
export function isChoice(dialog: ApprovalView, key: string, { draft }: Composer): boolean {
  if (key === 'enter') return dialog.denial !== null || dialog.isTouched || isBlank(draft.atoms);
  return CHOICE_KEYS.has(key) || (key === 'backspace' && dialog.denial !== null);
}

export function onDialogKey(state: State, dialog: ApprovalView, key: string, at: number): Step {
  if (key === 'ctrl+a') {
    const content = { type: 'approval', questionId: dialog.request.questionId } as const;
    return only({ ...state, screen: { type: 'pager', view: { content, below: 0 } } });
  }
  if (key === 'ctrl+c' && dialog.request.type === 'questions' && dialog.denial === null) {
    return answered(state, dialog, { type: 'answer', decision: { type: 'abort' } }, at);
  }
  const page = Math.max(1, Math.floor(state.size.rows / 2));
  return answered(state, dialog, approvalKey(dialog, key === 'ctrl+c' ? 'escape' : key, page), at);
}

/** What a dialog's answer changes. The next question comes up with a rest of its own. */
export function answered(state: State, dialog: ApprovalView, given: ApprovalStep, at: number): Step {
  if (given.type === 'view') {
    const approvals = state.approvals.with(0, given.view);
    return only(given.view.paintedAt === null ? { ...state, approvals, lastKeyAt: at } : { ...state, approvals });
  }
  const { request } = dialog;
  const { questionId } = request;
  const opens = request.type === 'elicitationUrl' && given.decision.type === 'approved';
  const op = { type: 'approval', questionId, decision: given.decision } as const;
  // Keys that follow at once belong to nobody yet.
  return step(
    withoutApproval({ ...state, lastKeyAt: at }, questionId, at),
    ...(opens ? [{ type: 'openAddress', url: request.url } as const] : []),
    { type: 'submit', op },
  );
}
