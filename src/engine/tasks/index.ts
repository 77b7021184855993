export { CompactTask } from './compact-task.ts';
export type { DelegateOptions, DelegateResult, RunDelegate } from './delegate.ts';
export { RegularTask } from './regular-task.ts';
export { ReviewTask } from './review-task.ts';
export type { SessionTask, TaskSession } from './task.ts';
export type { UndoResult } from './undo-result.ts';
export { UndoTask } from './undo-task.ts';
export { UserShellTask } from './user-shell-task.ts';
