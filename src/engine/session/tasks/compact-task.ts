import { compact, type TurnOutcome } from '../../turn/index.ts';
import type { SessionTask, TaskSession } from './task.ts';

/** The user asks for the conversation to be compacted now. */
export class CompactTask implements SessionTask {
  readonly kind = 'compact';
  /** What the user wants kept in particular. */
  readonly focus: string | null;

  constructor(focus: string | null) {
    this.focus = focus;
  }

  async run({ ports }: TaskSession): Promise<TurnOutcome> {
    const outcome = await compact(ports, 'now');
    return outcome.type === 'compacted' ? { type: 'completed', lastAgentMessage: null } : outcome;
  }
}
