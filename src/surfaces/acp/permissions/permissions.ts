import type { PermissionOption, RequestPermissionResponse } from '@agentclientprotocol/sdk';
import type { ApprovalDecision, ApprovalRequest, SessionEventOf } from '../../../foundation/protocol/index.ts';
import type { SessionClient } from '../client.ts';
import type { CallFeed } from '../items/call-feed.ts';
import { answerByForm } from './forms.ts';

/** Each kind once: clients show a button a kind. */
const ALLOW_ONCE: PermissionOption = { optionId: 'allow', name: 'Allow', kind: 'allow_once' };
const ALLOW_ALWAYS: PermissionOption = {
  optionId: 'allow-session',
  name: 'Allow in this session',
  kind: 'allow_always',
};
const REJECT_ONCE: PermissionOption = { optionId: 'reject', name: 'Reject', kind: 'reject_once' };

/** The questions that the client has to answer. Several may be open at a time, of the thread and its subagents. */
export class Permissions {
  readonly #client: SessionClient;
  readonly #open = new Map<string, AbortController>();

  constructor(client: SessionClient) {
    this.#client = client;
  }

  /** Asks the client, and resolves with its answer. Whatever is no answer means no. */
  async ask({ request, agent }: SessionEventOf<'approval.requested'>, calls: CallFeed): Promise<ApprovalDecision> {
    const withdrawn = new AbortController();
    this.#open.set(request.questionId, withdrawn);
    try {
      const byForm = await answerByForm({ request, agent }, this.#client, withdrawn.signal);
      if (byForm !== null) return byForm;
      const call = await calls.asked(request);
      const title = agent === undefined ? call.title : `${agent}: ${call.title ?? ''}`;
      const question = { toolCall: { ...call, title: title ?? '' }, options: optionsFor(request) };
      const decision = decisionOf(await this.#client.askPermission(question, withdrawn.signal), request);
      await calls.decided(request, decision.type === 'approved' || decision.type === 'approvedForSession');
      return decision;
    } catch {
      // The client failed to answer, or the question was withdrawn.
      await calls.decided(request, false);
      if (request.type === 'questions') return { type: 'denied' };
      return { type: 'denied', message: 'the client did not answer the question' };
    } finally {
      this.#open.delete(request.questionId);
    }
  }

  /** The question has been settled without the client. */
  withdraw(questionId: string): void {
    this.#open.get(questionId)?.abort();
  }
}

/** A question of a server is answered once. */
function optionsFor({ type }: ApprovalRequest): PermissionOption[] {
  return type === 'elicitation' || type === 'elicitationUrl'
    ? [ALLOW_ONCE, REJECT_ONCE]
    : [ALLOW_ONCE, ALLOW_ALWAYS, REJECT_ONCE];
}

function decisionOf({ outcome }: RequestPermissionResponse, { type }: ApprovalRequest): ApprovalDecision {
  if (outcome.outcome === 'cancelled') return { type: 'abort' };
  if (outcome.optionId === ALLOW_ONCE.optionId) return { type: 'approved' };
  if (outcome.optionId === ALLOW_ALWAYS.optionId) return { type: 'approvedForSession' };
  return { type: 'denied', message: type === 'network' ? 'the user said no' : 'rejected by the user' };
}
