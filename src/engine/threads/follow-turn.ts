import { KeelError, type Op, type SessionEvent, type SessionEventOf } from '../../foundation/protocol/index.ts';
import { onAbort } from '../../foundation/util/index.ts';
import { type Session, submitIfOpen } from '../session/index.ts';

/**
 * Submits an op that starts a turn, and follows that turn from `turn.started` to `turn.completed`. Yields questions and
 * losses too. Leaving the loop early interrupts the turn, and so does the signal.
 * @throws KeelError what keeps the turn from starting; `interrupted` for a signal that has aborted already; `sessionClosed`
 */
export async function* followTurn(
  session: Session,
  op: Op,
  signal: AbortSignal | undefined,
): AsyncGenerator<SessionEvent, void, undefined> {
  if (signal?.aborted) throw new KeelError('interrupted', 'the signal had aborted before the turn began');
  const events = session.events();
  const turnId = session.submit(op);
  const interrupt = () => submitIfOpen(session, { type: 'interrupt' });
  using _listener = signal === undefined ? null : onAbort(signal, interrupt);
  let phase: 'submitted' | 'running' | 'over' = 'submitted';
  try {
    for await (const event of events) {
      if (phase === 'submitted') throwRefusal(event);
      if (event.type === 'events.lost') yield event;
      if (!('turnId' in event) || event.turnId !== turnId) continue;
      phase = event.type === 'turn.completed' ? 'over' : 'running';
      yield event;
      if (phase === 'over') return;
    }
    phase = 'over';
    throw new KeelError('sessionClosed', 'the thread was closed before its turn had ended');
  } finally {
    if (phase !== 'over') interrupt();
  }
}

/** Takes turns out of the conversation and waits until that is done. @throws KeelError `threadBusy`, `invalidInput` */
export async function rollBack(
  session: Pick<Session, 'submit' | 'events'>,
  turns: number,
): Promise<SessionEventOf<'thread.rolledBack'>> {
  const events = session.events();
  session.submit({ type: 'rollback', turns });
  for await (const event of events) {
    throwRefusal(event);
    if (event.type === 'thread.rolledBack') return event;
  }
  throw new KeelError('sessionClosed', 'the thread was closed before the turns were removed');
}

/** An error without a turn is about the op that was submitted last. */
function throwRefusal(event: SessionEvent): void {
  if (event.type !== 'error' || event.turnId !== null) return;
  const { kind, message, httpStatus } = event.error;
  throw new KeelError(kind, message, httpStatus === undefined ? {} : { httpStatus });
}
