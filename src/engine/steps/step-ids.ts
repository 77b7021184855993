/** Prefixes of step ids. They are in every rollout: a turn that was recorded under another prefix could not be resumed. */
const PREFIX = {
  input: 'input',
  sampling: 'sampling',
  tool: 'tool',
  summary: 'compact',
  compaction: 'compacted',
  pruning: 'elide',
  refusedContent: 'refused',
  answerForm: 'form',
  finishGate: 'gate',
  unchecked: 'unchecked',
  stopHooks: 'stop',
  beforeCompaction: 'precompact',
  afterCompaction: 'postcompact',
  sleep: 'sleep',
  approval: 'approval',
  elicitation: 'elicitation',
} as const;

export type StepName = keyof typeof PREFIX;

/** The id of a step. `place` distinguishes steps of one name: the round of the turn, with more where a round has several. */
export function stepId(name: StepName, place: number | string): string {
  return `${PREFIX[name]}-${place}`;
}

/** The id of a request for a handover, which is made again until one succeeds. `attempt` counts from 1. */
export function summaryStepId(place: number | string, attempt: number): string {
  return stepId('summary', `${place}.${attempt}`);
}

/** The id of a call's step. `place`: of the call in its response, which keeps ids apart if a model uses a call id twice. */
export function callStepId(round: number, place: number, callId: string): string {
  return stepId('tool', `${round}.${place}-${callId}`);
}

/** A call's key in the call ledger, unique in the thread. */
export function callKey(turnId: string, id: string): string {
  return `${turnId}/${id}`;
}

/** The call id in a key of the call ledger. */
export function callIdIn(key: string): string {
  return key.replace(/^.*?\/tool-\d+\.\d+-/, '');
}

export function isStepId(id: string, name: StepName): boolean {
  return id.startsWith(`${PREFIX[name]}-`);
}
