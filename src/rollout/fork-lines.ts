import type { RolloutItem } from '../protocol/index.ts';

/** Whether a recorded item is something that a person said. */
export type IsSaid = (item: Extract<RolloutItem, { type: 'response_item' }>['payload']) => boolean;

/**
 * What a fork takes over of a thread's lines: everything before the turn in which the user's message after the first `kept`
 * ones stands. Turns are taken whole. Null: there are no more messages than that, so nothing is left out.
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
  return null;
}

/** A fork has an identity, an owner and helpers of its own. */
export function isCopied(line: RolloutItem): boolean {
  if (line.type === 'event_msg') return line.payload.type !== 'agent_status';
  return line.type !== 'session_meta' && line.type !== 'lease';
}
