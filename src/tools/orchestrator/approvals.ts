import type { ApprovalDecision, ApprovalQuestion } from '../../foundation/protocol/index.ts';
import type { Scope } from '../../system/sandbox/index.ts';
import { wouldMatch } from '../approvals/index.ts';
import { type ApprovalCache, commandKeys } from './approval-cache.ts';
import type { ApprovalSubject, Approver } from './approver.ts';
import type { CommandRequest } from './requests.ts';
import { NOBODY_CAN_APPROVE, type Requirement } from './requirement.ts';

/** What the user is asked, and what a refusal says to the model. */
export interface Question extends ApprovalSubject {
  readonly callId: string;
  readonly refused: string;
  /** First words of the commands that an approval for good would allow. */
  readonly proposed?: readonly string[] | null;
  readonly signal: AbortSignal;
  readonly ask: (reason: string | null) => ApprovalQuestion;
}

export interface ApprovalDeps {
  readonly approver: Approver;
  /** Lives as long as the session. */
  readonly cache: ApprovalCache;
  /** Allows, from now on, commands that begin with these words. */
  readonly remember: (prefix: readonly string[]) => Promise<void>;
}

/** Asks the user, unless the requirement or an earlier approval decides. @returns the refusal for the model; null: go ahead */
export async function refusalFor(
  requirement: Requirement,
  canAsk: boolean,
  question: Question,
  { approver, cache, remember }: ApprovalDeps,
): Promise<string | null> {
  if (requirement.type === 'skip') return null;
  if (requirement.type === 'forbid') return requirement.message;
  if (cache.areApproved(question.keys)) return null;
  if (!canAsk) return NOBODY_CAN_APPROVE;
  const decision = await approver.request(question.ask(requirement.reason), question.signal, question);
  if (question.signal.aborted) return 'aborted';
  if (decision.type === 'approvedForSession' || decision.type === 'approvedAndRemembered') cache.approve(question.keys);
  if (decision.type === 'approvedAndRemembered' && question.proposed) await remember(question.proposed);
  return refusalIn(decision, question.refused);
}

interface CommandAsked extends Pick<ApprovalSubject, 'hookMayAllow'> {
  readonly scope: Scope;
  readonly proposed: readonly string[] | null;
  readonly byRule: boolean;
}

export function commandQuestion<T>(
  request: CommandRequest<T>,
  { scope, proposed, hookMayAllow, byRule }: CommandAsked,
  signal: AbortSignal,
): Question {
  const { callId, spec, commandActions } = request;
  return {
    callId,
    keys: commandKeys(spec, scope),
    hookMayAllow,
    refused: 'exec command rejected by user',
    proposed,
    signal,
    ask: (reason) => ({
      type: 'command',
      callId,
      command: [...spec.argv],
      cwd: spec.cwd,
      commandActions: [...commandActions],
      reason,
      ...(proposed === null ? {} : { proposedRule: { prefix: [...proposed], wouldMatch: wouldMatch(proposed) } }),
      escalated: scope === 'unsandboxed',
      ...(byRule ? { byRule } : {}),
    }),
  };
}

function refusalIn(decision: ApprovalDecision, refused: string): string | null {
  switch (decision.type) {
    case 'approved':
    case 'approvedForSession':
    case 'approvedAndRemembered':
      return null;
    case 'denied':
      return decision.message ? `${refused}\nThe user's reason: ${decision.message}` : refused;
    case 'abort':
      return 'aborted';
  }
}
