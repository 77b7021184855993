import { type ApprovalDecision, type ApprovalRequest, KeelError } from '../../../foundation/protocol/index.ts';
import { Deferred, monotonicMs, onAbort } from '../../../foundation/util/index.ts';
import type { TurnRecorder } from './turn-recorder.ts';

/** The session whose question it is. */
export interface Asker {
  readonly threadId: string;
  /** The name of a child; absent: the turn itself asks. */
  readonly agent?: string;
}

/** The questions of a turn, and of its children, that wait for the user. */
export class TurnApprovals {
  readonly #turnId: string;
  readonly #recorder: Pick<TurnRecorder, 'isRevoked' | 'emit'>;
  readonly #letGo: AbortSignal;
  readonly #waiting = new Map<string, Deferred<ApprovalDecision>>();
  /** Since when something waits for the user, and for how long it did before. */
  #waitingSince: number | null = null;
  #waitedMs = 0;

  /** @param letGo once it has aborted, the turn is continued elsewhere: its questions are not answered, they are asked there again */
  constructor(turnId: string, recorder: Pick<TurnRecorder, 'isRevoked' | 'emit'>, letGo: AbortSignal) {
    this.#turnId = turnId;
    this.#recorder = recorder;
    this.#letGo = letGo;
  }

  /** Asks the user. @returns `abort` once the signal has aborted, `denied` if the turn ends before an answer */
  async request(request: ApprovalRequest, asker: Asker, signal: AbortSignal): Promise<ApprovalDecision> {
    if (this.#recorder.isRevoked) return { type: 'denied' };
    const { questionId } = request;
    // The waiter is there before the question is emitted, so that no answer is lost.
    const decision = this.#decision(questionId, signal);
    this.#recorder.emit({ type: 'approval.requested', turnId: this.#turnId, ...asker, request });
    const answer = await decision;
    if (this.#letGo.aborted) return answer;
    this.#recorder.emit({ type: 'approval.resolved', turnId: this.#turnId, questionId, decision: answer.type });
    return answer;
  }

  isAwaiting(questionId: string): boolean {
    return this.#waiting.has(questionId);
  }

  /** Whether anything waits for the user now. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** How long questions have waited for the user in this turn, milliseconds. */
  get waitedMs(): number {
    return this.#waitedMs + (this.#waitingSince === null ? 0 : monotonicMs() - this.#waitingSince);
  }

  /** @returns whether the question waited for an answer */
  answer(questionId: string, decision: ApprovalDecision): boolean {
    const waiter = this.#waiting.get(questionId);
    if (!waiter) return false;
    this.#waiting.delete(questionId);
    if (this.#waiting.size === 0) {
      this.#waitedMs = this.waitedMs;
      this.#waitingSince = null;
    }
    waiter.resolve(decision);
    return true;
  }

  /** The turn has ended: what still waits is denied. */
  denyAll(): void {
    for (const questionId of [...this.#waiting.keys()]) this.answer(questionId, { type: 'denied' });
  }

  #decision(questionId: string, signal: AbortSignal): Promise<ApprovalDecision> {
    if (this.#waiting.has(questionId)) throw new KeelError('internal', `the question ${questionId} is asked twice`);
    const waiter = new Deferred<ApprovalDecision>();
    this.#waiting.set(questionId, waiter);
    this.#waitingSince ??= monotonicMs();
    const listener = onAbort(signal, () => this.answer(questionId, { type: 'abort' }));
    return waiter.promise.finally(() => listener[Symbol.dispose]());
  }
}
