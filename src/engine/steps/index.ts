export { jsonCodec, noValue } from './codecs.ts';
export { FileStepRunner } from './file-step-runner.ts';
export type { Journal, JournalLine } from './journal.ts';
export { callIdIn, callKey, callStepId, isStepId, type StepName, stepId, summaryStepId } from './step-ids.ts';
export {
  type Codec,
  type Recorded,
  type Step,
  type StepRunner,
  type StepSpec,
  TurnInterrupted,
  TurnReleased,
} from './step-runner.ts';
