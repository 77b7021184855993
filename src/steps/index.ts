export type { Attempt, Codec, ExternalKey, Recorded, Step, StepRunner, StepSpec } from './types.ts';
