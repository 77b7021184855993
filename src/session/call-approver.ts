import { createHash } from 'node:crypto';
import { ApprovalDecision, type ApprovalRequest } from '../protocol/index.ts';
import { type Codec, type StepRunner, TurnInterrupted } from '../steps/index.ts';
import type { ApprovalSubject, Approver, HostedRun } from '../tools/index.ts';
import type { TurnHandle } from './turn-handle.ts';

export interface CallApproverOptions {
  readonly steps: StepRunner;
  readonly handle: Pick<TurnHandle, 'request'>;
  /** The call's, unique in the thread. */
  readonly key: string;
  /** The call in the ledger; null for one that it doesn't know. */
  readonly run: HostedRun | null;
}

const decisionCodec: Codec<ApprovalDecision> = {
  version: 1,
  encode: (value) => value,
  decode: (value) => ApprovalDecision.parse(value),
};

/**
 * Asks for one call. The decision is a step of the turn: after a crash one that was given holds, and one that was waited
 * for is asked for again, under the same id. It holds for the question that was asked only, so the step is named by what
 * a yes covers: should that be something else now (a link was turned, the directory is another), the user is asked anew.
 */
export function callApprover({ steps, handle, key, run }: CallApproverOptions): Approver {
  return {
    async request(request: ApprovalRequest, signal: AbortSignal, { keys, hasRun }: ApprovalSubject) {
      if (!hasRun) run?.waits();
      const decision = await decided(keys, request);
      const isYes = decision.type !== 'denied' && decision.type !== 'abort';
      if (isYes && !hasRun && !signal.aborted) await run?.goesOn();
      return decision;
    },
  };

  async function decided(keys: readonly string[], request: ApprovalRequest): Promise<ApprovalDecision> {
    const question = { kind: 'approval', callId: `${key}-${digest(keys)}` } as const;
    try {
      return await steps.external(question, decisionCodec, async ({ signal }) => {
        const decision = await handle.request(request, signal);
        // Nobody decided: nothing is kept of it.
        if (signal.aborted) throw new TurnInterrupted();
        return decision;
      });
    } catch (error) {
      if (error instanceof TurnInterrupted) return { type: 'abort' };
      throw error;
    }
  }
}

function digest(keys: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(keys)).digest('hex').slice(0, 16);
}
