import type { TurnContext } from '../../../context/index.ts';
import type { ApprovalDecision } from '../../../foundation/protocol/index.ts';
import { randomUUID, reasonOf } from '../../../foundation/util/index.ts';
import type { Answer, AskUser, Destination, NetworkProtocol } from '../../../system/network/index.ts';
import { hostRuleMatches } from '../../../tools/approvals/index.ts';
import type { ApprovalCache } from '../../../tools/index.ts';
import type { TurnApprovals } from './approvals.ts';
import type { TurnRecorder } from './turn-recorder.ts';

export interface HostAskerParts {
  readonly context: TurnContext;
  readonly recorder: Pick<TurnRecorder, 'isRevoked' | 'warn'>;
  readonly questions: TurnApprovals;
  /** Approvals for the session. */
  readonly approvals: ApprovalCache;
  /** Allows a host permanently. */
  readonly remember: (host: string, protocol: NetworkProtocol) => Promise<void>;
  /** Aborts when the turn is stopped. */
  readonly signal: AbortSignal;
}

const ALLOWED: Answer = { type: 'allowed' };

/**
 * Asks a turn's user about hosts that no list names, each with its port at most once a turn: an answer applies until the turn
 * ends, or the session if it was given for that. Nobody is asked where the policy is `never`, where nobody answers, and after
 * the turn.
 */
export function hostAsker({ context, recorder, questions, approvals, remember, signal }: HostAskerParts): AskUser {
  const { threadId, turnId } = context;
  const answers = new Map<string, Answer>();
  return async (destination, gone, reason) => {
    const { host, port } = destination;
    const key = keyOf(destination);
    if (approvals.areApproved([key])) return ALLOWED;
    if (recorder.isRevoked || signal.aborted) return refused('the turn has ended');
    const known = answers.get(key);
    if (known !== undefined) return known;
    if (!context.canAsk) return refused('nobody can give it in this run');
    if (context.approvalPolicy === 'never') return refused('the approval policy is never');
    const until = AbortSignal.any([gone, signal]);
    const { protocol } = destination;
    // The question is part of no journal, so its id must not repeat when a later process restarts the count.
    const questionId = `${threadId}/${turnId}/host-${randomUUID()}`;
    // A rule that asks about a host would still apply beside one that allows it.
    const proposed = { host, protocol, wouldMatch: hostRuleMatches(host, protocol) };
    const offer = reason === null ? { proposedRule: proposed } : {};
    const request = { type: 'network', questionId, host, port, protocol, reason, ...offer } as const;
    const decision = await questions.request(request, { threadId }, until);
    const answer = answerOf(decision);
    // A question that was withdrawn has no answer to keep.
    if (!until.aborted && !recorder.isRevoked) answers.set(key, answer);
    if (decision.type === 'approvedForSession' || decision.type === 'approvedAndRemembered') approvals.approve([key]);
    if (decision.type === 'approvedAndRemembered' && reason === null) {
      await remember(host, protocol).catch((error: unknown) => {
        const why = reasonOf(error);
        recorder.warn(`the rule for ${host} could not be kept: ${why}`);
      });
    }
    return answer;
  };
}

/** Between turns nobody is asked; commands that still run reach what was approved for the session. */
export function approvedHosts(approvals: ApprovalCache): AskUser {
  return async (destination) =>
    approvals.areApproved([keyOf(destination)]) ? ALLOWED : refused('the turn in which it could be given has ended');
}

function answerOf(decision: ApprovalDecision): Answer {
  switch (decision.type) {
    case 'approved':
    case 'approvedForSession':
    case 'approvedAndRemembered':
      return ALLOWED;
    case 'denied':
      return refused(decision.message ?? 'the user said no');
    case 'abort':
      return refused('the turn was stopped');
  }
}

function refused(message: string): Answer {
  return { type: 'refused', message };
}

function keyOf({ host, port }: Destination): string {
  return JSON.stringify({ network: host, port });
}
