export { type ApprovalStep, type ApprovalView, approvalKey, isAwake } from './approval.ts';
export { approvalBody, approvalRows } from './approval-rows.ts';
export { helpRows } from './help-rows.ts';
export { type PagerView, pagerKey } from './pager.ts';
export { type PickerView, type PickItem, picker, pickerKey } from './picker.ts';
export { pickerRows } from './picker-rows.ts';
export { type TextPrompt, textPromptKey } from './text-prompt.ts';
