import { abortedNote, failedOutput, type ToolOutput } from '../contract/index.ts';

/** Answers a call that had not started when the turn was stopped. */
export const NOT_BEGUN: ToolOutput = failedOutput('not run: the turn was stopped before this call began', 'notRun');

/** Answers a call behind one whose outcome is not known: the model decides what to do once it has heard of that. */
export const BEHIND_UNKNOWN: ToolOutput = failedOutput(
  'not run: keel was stopped during an earlier call of this response, whose outcome is not known',
  'notRun',
);

/** Answers a call that the sandbox had stopped before the user decided about a run without it. */
export const STOPPED_BY_SANDBOX: ToolOutput = failedOutput(
  'the sandbox stopped this call, and the turn ended before anyone approved a run without the sandbox',
  'notRun',
);

/** Answers a call that was cut off without an output of its own. */
export function abortedOutput(durationMs: number): ToolOutput {
  return failedOutput(abortedNote(durationMs));
}
