import { followTurn, type Session, submitIfOpen } from '../../engine/threads/index.ts';
import type {
  ApprovalDecision,
  ApprovalRequest,
  SessionEvent,
  SessionEventOf,
  ThreadItem,
} from '../../foundation/protocol/index.ts';

/** What keeps a turn from going further: a question, or its end. */
export type TurnNews = SessionEventOf<'approval.requested'> | SessionEventOf<'turn.completed'>;

/** The turn of one tool call. It waits while the client has a question of it to answer. */
export class RunningTurn {
  readonly threadId: string;
  readonly #session: Session;
  readonly #events: AsyncGenerator<SessionEvent, void, undefined>;
  readonly #stop = new AbortController();
  #question: ApprovalRequest | null = null;

  constructor(session: Session, prompt: string) {
    this.threadId = session.threadId;
    this.#session = session;
    const items = [{ type: 'text' as const, text: prompt }];
    this.#events = followTurn(session, { type: 'userInput', items }, this.#stop.signal);
  }

  /** Interrupts the turn: it ends, with all that it runs. */
  stop(): void {
    this.#stop.abort();
  }

  /**
   * Runs until the turn asks something or has ended. `onItem` sees each item that begins.
   * @throws KeelError what keeps the turn from starting
   */
  async next(onItem: (item: ThreadItem) => void): Promise<TurnNews> {
    for (;;) {
      const { value: event, done } = await this.#events.next();
      if (done === true) throw new Error('a turn was followed beyond its end');
      if (event.type === 'item.started') onItem(event.item);
      if (event.type === 'approval.requested') this.#question = event.request;
      if (event.type === 'approval.requested' || event.type === 'turn.completed') return event;
    }
  }

  /** Answers the question that `next` has reported. */
  answer(decide: (request: ApprovalRequest) => ApprovalDecision): void {
    const request = this.#question;
    this.#question = null;
    if (request === null) return;
    const { questionId } = request;
    submitIfOpen(this.#session, { type: 'approval', questionId, decision: decide(request) });
  }

  /** Ends the thread's stay in this process. Its record stays, from which a reply continues it. */
  async close(): Promise<void> {
    await this.#session.close();
  }
}
