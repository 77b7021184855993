export { TurnInterrupted } from './errors.ts';
export { FileStepRunner } from './file-step-runner.ts';
export type { Journal, JournalLine } from './journal.ts';
export type { Codec, Recorded, Step, StepRunner, StepSpec, StepWork } from './types.ts';
