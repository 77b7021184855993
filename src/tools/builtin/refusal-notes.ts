import type { Denial } from '../../system/sandbox/index.ts';
import type { ToolContext } from '../types.ts';

/**
 * What the model is told of a refusal of the sandbox: where it may ask for more, and the refusal is certain. Elsewhere a
 * word about the sandbox would only lead it to look for a way round.
 */
export function refusalNotes(denial: Denial | null, { turn }: Pick<ToolContext, 'turn'>): string[] {
  if (denial === null || !denial.isCertain || turn.approvalPolicy !== 'on-request' || !turn.canAsk) return [];
  const cure = 'If the task needs it, repeat the call with escalation.';
  return [`${turn.noteMark} The sandbox refused this: ${denial.what}. ${cure}`];
}
