export { TurnInterrupted } from './errors.ts';
export { FileStepRunner, type FileStepRunnerOptions } from './file-step-runner.ts';
export type { Journal, JournalLine } from './journal.ts';
export type { Attempt, Codec, ExternalKey, Recorded, Step, StepRunner, StepSpec, StepWork } from './types.ts';
