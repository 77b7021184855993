import type { RolloutItem } from '../../foundation/protocol/index.ts';
import { rolledBackTurns } from './rollback.ts';

/** Whether a recorded item is something that a person said. */
export type IsSaid = (item: Extract<RolloutItem, { type: 'response_item' }>['payload']) => boolean;

/**
 * The lines of a thread that a fork copies: everything before the turn that contains the user's message after the first `kept`
 * ones. Turns are copied whole. With exactly `kept` messages that is the whole thread. Null: there are fewer.
 */
export function forkLines(lines: readonly RolloutItem[], kept: number, isSaid: IsSaid): RolloutItem[] | null {
  let said = 0;
  let turnStart: number | null = null;
  for (const [at, line] of lines.entries()) {
    if (line.type === 'event_msg' && line.payload.type === 'task_started') turnStart = at;
    if (line.type === 'event_msg' && (line.payload.type === 'task_complete' || line.payload.type === 'turn_aborted')) {
      turnStart = null;
    }
    if (line.type !== 'response_item' || !isSaid(line.payload)) continue;
    said += 1;
    if (said > kept) return lines.slice(0, turnStart ?? at).filter(isCopied);
  }
  return said === kept ? lines.filter(isCopied) : null;
}

/** A fork has an identity, an owner and subagents of its own; what was rolled back is left out already. */
export function isCopied(line: RolloutItem): boolean {
  if (line.type === 'event_msg' && line.payload.type === 'agent_status') return false;
  return line.type !== 'session_meta' && line.type !== 'lease' && rolledBackTurns(line) === null;
}
