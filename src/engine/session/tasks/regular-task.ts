import { runTurn, type TurnOutcome } from '../../turn/index.ts';
import type { SessionTask, TaskSession } from './task.ts';

/** A user's request, worked on by the turn loop. */
export class RegularTask implements SessionTask {
  readonly kind = 'regular';

  run(session: TaskSession): Promise<TurnOutcome> {
    return runTurn(session.ports);
  }
}
