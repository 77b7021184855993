import type { ApprovalDecision, ApprovalQuestion } from '../../foundation/protocol/index.ts';

/** What an approval covers, beside what the user is shown. */
export interface ApprovalSubject {
  /** The keys that are approved. A recorded decision is valid for exactly the same keys only. */
  readonly keys: readonly string[];
  /** Whether a hook may answer in the user's place: nothing is asked for beyond the sandbox and the user's rules. */
  readonly hookMayAllow: boolean;
}

/** Where the orchestrator asks for the user's decision. The session implements it. */
export interface Approver {
  /** Resolves with the decision; `denied` when the turn ends first. */
  request(question: ApprovalQuestion, signal: AbortSignal, subject: ApprovalSubject): Promise<ApprovalDecision>;
}
