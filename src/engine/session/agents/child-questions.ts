import type { ApprovalDecision, SessionEventOf } from '../../../foundation/protocol/index.ts';
import type { ActiveTurn } from '../turn/active-turn.ts';
import { Signals } from './signals.ts';

/**
 * The questions of children, asked of the user of the thread above. They are asked under a turn; between turns there is
 * nobody to ask, and a question waits for the next one.
 */
export class ChildQuestions {
  readonly #turns = new Signals();
  readonly #onHeld: (name: string) => void;
  #turn: ActiveTurn | null = null;

  /** `onHeld` is told of a question that has to wait. */
  constructor(onHeld: (name: string) => void) {
    this.#onHeld = onHeld;
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
    if (!this.#turn) this.#onHeld(name);
    for (;;) {
      while (!this.#turn && !signal.aborted) await this.#turns.next(signal);
      const handle = this.#turn?.handle;
      if (!handle || signal.aborted) return { type: 'abort' };
      const decision = await handle.relay(event, name, signal);
      // A turn that ends denies what is still open; nobody has said so, and the next turn asks again.
      if (!(handle.isRevoked && decision.type === 'denied')) return decision;
    }
  }
}
