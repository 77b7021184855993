export { type ApprovalStep, type ApprovalView, approvalKey, choiceOf, isAwake, openField } from './approval.ts';
export { approvalBody, approvalRows, fieldPrompt } from './approval-rows.ts';
export { helpRows } from './help-rows.ts';
export { type PagerView, pagerKey } from './pager.ts';
export { type ModelPurpose, type PickerView, type PickItem, picker, pickerKey } from './picker.ts';
export { headRows, pickerRows, SEARCH_SIGN } from './picker-rows.ts';
export { openQuestion } from './question.ts';
export { type RenamedThread, type TextPrompt, textPromptKey } from './text-prompt.ts';
