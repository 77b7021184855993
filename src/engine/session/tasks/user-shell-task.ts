import type { TurnOutcome } from '../../turn/index.ts';
import type { SessionTask, TaskSession } from './task.ts';

/** A command that the user typed while nothing else ran. */
export class UserShellTask implements SessionTask {
  readonly kind = 'user_shell';
  readonly #command: string;

  constructor(command: string) {
    this.#command = command;
  }

  async run(session: TaskSession, signal: AbortSignal): Promise<TurnOutcome> {
    session.addItems([await session.runUserShell(this.#command, signal)]);
    return signal.aborted ? { type: 'interrupted' } : { type: 'completed', lastAgentMessage: null };
  }
}
