import type { RolloutItem } from '../../foundation/protocol/index.ts';
import { rolledBackTurns } from './rollback.ts';

/** Whether a recorded item is something that a person said. */
export type IsSaid = (item: Extract<RolloutItem, { type: 'response_item' }>['payload']) => boolean;

/**
 * What a fork takes over of the lines of a thread that hold: everything before the turn in which the user's message after the first `kept`
 * ones stands. Turns are taken whole. With exactly `kept` messages that is the whole thread. Null: there are fewer.
 */
export function forkLines(lines: readonly RolloutItem[], kept: number, isSaid: IsSaid): RolloutItem[] | null {
  let said = 0;
  let turnBegan: number | null = null;
  for (const [at, line] of lines.entries()) {
    if (line.type === 'event_msg' && line.payload.type === 'task_started') turnBegan = at;
    if (line.type === 'event_msg' && (line.payload.type === 'task_complete' || line.payload.type === 'turn_aborted')) {
      turnBegan = null;
    }
    if (line.type !== 'response_item' || !isSaid(line.payload)) continue;
    said += 1;
    if (said > kept) return lines.slice(0, turnBegan ?? at).filter(isCopied);
  }
  return said === kept ? lines.filter(isCopied) : null;
}

/** A fork has an identity, an owner and helpers of its own; what was taken back is left out already. */
export function isCopied(line: RolloutItem): boolean {
  if (line.type === 'event_msg' && line.payload.type === 'agent_status') return false;
  return line.type !== 'session_meta' && line.type !== 'lease' && rolledBackTurns(line) === null;
}
