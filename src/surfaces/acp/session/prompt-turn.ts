import { type Session, submitIfOpen } from '../../../engine/threads/index.ts';
import { KeelError, type Op, type SessionEvent, type SessionEventOf } from '../../../foundation/protocol/index.ts';
import { Deferred, onAbort } from '../../../foundation/util/index.ts';

type TurnEnd = SessionEventOf<'turn.completed'>;

/** The turn that the client's prompt runs, as the events of its session report it: one at a time. */
export class PromptTurn {
  readonly #session: Session;
  #running: { readonly turnId: string; readonly end: Deferred<TurnEnd>; hasStarted: boolean } | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Runs a turn to its end; the signal interrupts it. @throws KeelError what keeps it from starting; `sessionClosed` */
  async run(op: Op, signal: AbortSignal): Promise<TurnEnd> {
    const end = new Deferred<TurnEnd>();
    this.#running = { turnId: this.#session.submit(op), end, hasStarted: false };
    using _interrupt = onAbort(signal, () => submitIfOpen(this.#session, { type: 'interrupt' }));
    try {
      return await end.promise;
    } finally {
      this.#running = null;
    }
  }

  /** An event whose updates have been sent. */
  note(event: SessionEvent): void {
    const running = this.#running;
    if (running === null) return;
    if (event.type === 'turn.started' && event.turnId === running.turnId) running.hasStarted = true;
    if (event.type === 'turn.completed' && event.turnId === running.turnId) running.end.resolve(event);
    // An error of no turn is about the op that was submitted last.
    if (event.type === 'error' && event.turnId === null && !running.hasStarted) {
      running.end.reject(new KeelError(event.error.kind, event.error.message));
    }
  }

  /** No more events come. */
  ended(): void {
    this.#running?.end.reject(new KeelError('sessionClosed', 'the session was closed before its turn had ended'));
  }
}
