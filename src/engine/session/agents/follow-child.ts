import type { ApprovalDecision, SessionEvent, SessionEventOf, TokenUsage } from '../../../foundation/protocol/index.ts';
import { type Session, submitIfOpen } from '../session.ts';
import { UsageMeter } from './usage-meter.ts';

export interface ChildHooks {
  /** Asks the user of the thread above; `signal` aborts when the child needs no answer any more. */
  ask(event: SessionEventOf<'approval.requested'>, signal: AbortSignal): Promise<ApprovalDecision>;
  used(usage: TokenUsage): void;
  /** Every other event, in order. */
  event(event: SessionEvent): void;
}

/**
 * Follows a child session until its events end: reports what it uses, and has its questions answered. A question is withdrawn
 * when the child's turn ends.
 */
export async function followChild(
  child: Session,
  { ask, used, event: note }: ChildHooks,
  { usedBefore, ...options }: { readonly deltas: boolean; readonly usedBefore?: TokenUsage },
): Promise<void> {
  const meter = new UsageMeter(usedBefore);
  let asking = new AbortController();
  const answer = async (event: SessionEventOf<'approval.requested'>, signal: AbortSignal) => {
    const decision = await ask(event, signal);
    if (!signal.aborted) submitIfOpen(child, { type: 'approval', questionId: event.request.questionId, decision });
  };
  try {
    for await (const event of child.events(options)) {
      if (event.type === 'usage.updated') {
        const usage = meter.since(event.info);
        if (usage !== null) used(usage);
      } else if (event.type === 'approval.requested') void answer(event, asking.signal);
      else {
        if (event.type === 'turn.completed') {
          asking.abort();
          asking = new AbortController();
        }
        note(event);
      }
    }
  } finally {
    asking.abort();
  }
}
