import { abortedNote, type ToolOutput } from '../contract/index.ts';

/** Answers a call that was still waiting for its turn when the model's turn was stopped. */
export const NOT_BEGUN: ToolOutput = {
  body: 'not run: the turn was stopped before this call began',
  success: false,
};

/** Answers a call that the sandbox had stopped, and whose user had not yet said whether it may run without. */
export const STOPPED_BY_SANDBOX: ToolOutput = {
  body: 'the sandbox stopped this call, and the turn ended before anyone approved a run without the sandbox',
  success: false,
};

/** Answers a call that was cut off and has not said itself how far it came. */
export function abortedOutput(durationMs: number): ToolOutput {
  return { body: abortedNote(durationMs), success: false };
}
