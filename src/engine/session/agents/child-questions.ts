import type { ApprovalDecision, SessionEventOf } from '../../../foundation/protocol/index.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import { Signals } from './signals.ts';

/**
 * The questions of subagents, for the user of the thread above. They are asked under a turn; between turns a question waits
 * for the next one.
 */
export class ChildQuestions {
  readonly #turns = new Signals();
  readonly #onWaiting: (name: string) => void;
  #turn: ActiveTurn | null = null;

  /** @param onWaiting called with the child whose question has to wait */
  constructor(onWaiting: (name: string) => void) {
    this.#onWaiting = onWaiting;
  }

  /** The running turn of the thread above. */
  get turn(): ActiveTurn | null {
    return this.#turn;
  }

  turnStarted(active: ActiveTurn): void {
    this.#turn = active;
    this.#turns.wake();
  }

  turnEnded(): void {
    this.#turn = null;
  }

  /** Resolves with the user's decision, or with `abort` once `signal` has aborted: the child needs none any more. */
  async ask(
    child: string,
    event: SessionEventOf<'approval.requested'>,
    signal: AbortSignal,
  ): Promise<ApprovalDecision> {
    const name = event.agent === undefined ? child : `${child}/${event.agent}`;
    if (!this.#turn) this.#onWaiting(name);
    for (;;) {
      while (!this.#turn && !signal.aborted) await this.#turns.next(signal);
      const turn = this.#turn;
      if (!turn || signal.aborted) return { type: 'abort' };
      const asker = { threadId: event.threadId, agent: name };
      const decision = await turn.approvals.request(event.request, asker, signal);
      // A turn that ends denies what is still open; nobody has said so, and the next turn asks again.
      if (!(turn.recorder.isRevoked && decision.type === 'denied')) return decision;
    }
  }
}
