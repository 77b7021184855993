import type { TaskEnd } from '../../../storage/rollout/index.ts';
import {
  askAfterDone,
  COMPACT_NOW,
  compact,
  runTurn,
  stoppedByHook,
  type TurnOutcome,
  type TurnPorts,
} from '../../turn/index.ts';
import { outcomeOf, type SessionTask } from './task.ts';
import { undoTurn } from './undo-turn.ts';
import { runUserShell } from './user-shell.ts';

const DONE: TurnOutcome = { type: 'completed', lastAgentMessage: null };

/** A user's request, worked on by the turn loop. */
export const regularTask: SessionTask = {
  kind: 'regular',
  run: ({ ports }) => runTurn(ports),
};

/** The user asks for the conversation to be compacted now. */
export function compactTask(focus: string | null): SessionTask {
  return {
    kind: 'compact',
    focus,
    run: ({ ports }) => compactNow(ports),
    doneBefore: ({ ports }) => askAfterDone(ports, COMPACT_NOW),
  };
}

/** @throws TurnInterrupted */
export async function compactNow(ports: TurnPorts): Promise<TurnOutcome> {
  const outcome = await compact(ports, COMPACT_NOW);
  if (outcome.type === 'blocked') {
    return {
      type: 'failed',
      error: stoppedByHook(`A hook keeps the conversation from being compacted: ${outcome.reason}`),
    };
  }
  return outcome.type === 'compacted' ? DONE : outcome;
}

/** Takes back what the last turn did to files. The conversation stays. */
export const undoTask: SessionTask = {
  kind: 'undo',
  async run({ deps, active }, signal) {
    const { turnId } = active.context;
    const { show } = active.recorder;
    const item = { type: 'undo', id: `${turnId}-undo`, message: '' } as const;
    show({ type: 'item.started', turnId, item: { ...item, status: 'inProgress' } });
    const { restored, message } = await undoTurn(deps, active, signal);
    const end = endOf(signal);
    if (restored === null) show({ type: 'item.completed', turnId, item: { ...item, status: 'failed', message } });
    else {
      const { note, snapshot } = restored;
      const line = { type: 'event_msg', payload: { type: 'undo_completed', success: true, snapshot } } as const;
      active.recorder.finish({ note, item: { ...item, status: 'completed', message }, end, lines: [line] });
      deps.state.history.removeSnapshot(snapshot);
    }
    return outcomeOf(end);
  },
};

/** A command that the user typed while nothing else ran. */
export function userShellTask(command: string): SessionTask {
  return {
    kind: 'user_shell',
    async run({ deps, active }, signal) {
      const { note, item } = await runUserShell(deps, active, { command, id: active.context.turnId }, signal);
      const end = endOf(signal);
      active.recorder.finish({ note, item, end });
      return outcomeOf(end);
    },
  };
}

/** The end of a task that has no other one than that the user stopped it. */
function endOf({ aborted }: AbortSignal): TaskEnd {
  return { type: aborted ? 'interrupted' : 'completed' };
}
