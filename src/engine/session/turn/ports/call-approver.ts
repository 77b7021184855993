import { createHash } from 'node:crypto';
import { ApprovalDecision, type ApprovalQuestion } from '../../../../foundation/protocol/index.ts';
import type { ApprovalSubject, Approver } from '../../../../tools/index.ts';
import { type Codec, type StepRunner, TurnInterrupted } from '../../../steps/index.ts';
import type { Permission } from '../../hooks/call-hooks.ts';
import type { TurnApprovals } from '../approvals.ts';

export interface CallApproverOptions {
  readonly steps: StepRunner;
  readonly approvals: Pick<TurnApprovals, 'request'>;
  readonly threadId: string;
  /** The call's, unique in the thread. */
  readonly key: string;
  /** The decision of a hook in the user's place; null: the user is asked. Absent or null: there are no hooks. */
  readonly ofHooks?: ((permission: Permission) => Promise<ApprovalDecision | null>) | null;
}

const decisionCodec: Codec<ApprovalDecision> = {
  version: 1,
  encode: (value) => value,
  decode: (value) => ApprovalDecision.parse(value),
};

/**
 * Asks for approval of one call. The decision is a step of the turn: after a crash a decision that was given still counts, and a
 * question that waited is asked again under the same id. The id names the call and what a yes covers: if that has changed (a
 * link points elsewhere, the directory is another), it is another question, and an answer to the first does not count for it.
 */
export function callApprover({ steps, approvals, threadId, key, ofHooks = null }: CallApproverOptions): Approver {
  return {
    async request(question: ApprovalQuestion, signal: AbortSignal, { keys, hookMayAllow }: ApprovalSubject) {
      const inTurn = `${key}-${digest(keys)}`;
      try {
        return await steps.external({ kind: 'approval', questionId: inTurn }, decisionCodec, async (attempt) => {
          const byHook = ofHooks && (await ofHooks({ reason: question.reason, mayAllow: hookMayAllow }));
          const decision =
            byHook ??
            (await approvals.request({ ...question, questionId: `${threadId}/${inTurn}` }, { threadId }, signal));
          // Nobody decided: nothing is journaled.
          if (attempt.signal.aborted) throw new TurnInterrupted();
          return decision;
        });
      } catch (error) {
        if (error instanceof TurnInterrupted) return { type: 'abort' };
        throw error;
      }
    },
  };
}

function digest(keys: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(keys)).digest('hex').slice(0, 16);
}
