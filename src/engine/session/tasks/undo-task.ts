import type { TurnOutcome } from '../../turn/index.ts';
import type { SessionTask, TaskSession } from './task.ts';

/** Takes back what the last turn did to files. The conversation stays. */
export class UndoTask implements SessionTask {
  readonly kind = 'undo';

  async run({ context, show, undo }: TaskSession, signal: AbortSignal): Promise<TurnOutcome> {
    const { turnId } = context;
    const item = { type: 'undo', id: `${turnId}-undo`, message: '' } as const;
    show({ type: 'item.started', turnId, item: { ...item, status: 'inProgress' } });
    const { isDone, message } = await undo(signal);
    show({ type: 'item.completed', turnId, item: { ...item, status: isDone ? 'completed' : 'failed', message } });
    return signal.aborted ? { type: 'interrupted' } : { type: 'completed', lastAgentMessage: null };
  }
}
