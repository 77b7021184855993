export { CompactTask } from './compact-task.ts';
export { RegularTask } from './regular-task.ts';
export type { SessionTask, TaskSession } from './task.ts';
