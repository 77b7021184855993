import { KeelError, type Op } from '../../foundation/protocol/index.ts';
import type { Session } from './session.ts';

/** For what comes late: the thread may have been closed meanwhile, and then it does not matter any more. */
export function submitIfOpen(session: Session, op: Op): void {
  try {
    session.submit(op);
  } catch (error) {
    if (!(error instanceof KeelError && error.kind === 'sessionClosed')) throw error;
  }
}
