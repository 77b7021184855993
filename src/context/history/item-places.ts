import type { MessageItem, OutputItem, ResponseItem } from '../../foundation/protocol/index.ts';
import { isCall, isOutput, pairKey } from './pairs.ts';
import { outlivesTurn } from './recordable.ts';
import { hasWords } from './user-messages.ts';

/** The index of a pair's second half; null if there is none behind the first. `gone`: indexes that don't count. */
export function otherHalf(items: readonly ResponseItem[], first: number, gone: ReadonlySet<number>): number | null {
  const one = items[first];
  if (one === undefined || !(isCall(one) || isOutput(one)) || pairKey(one) === null) return null;
  for (let at = first + 1; at < items.length; at += 1) {
    const item = items[at];
    if (item === undefined || gone.has(at)) continue;
    const areHalves = isCall(one) ? isOutput(item) : isCall(item);
    if (areHalves && (isCall(item) || isOutput(item)) && pairKey(one) === pairKey(item)) return at;
  }
  return null;
}

function isUserMessage(item: ResponseItem): item is MessageItem {
  return item.type === 'message' && item.role === 'user';
}

/** Whether a message is the user's own: pictures alone, right behind outputs, are shown by a tool in the middle of a turn. */
export function opensTurn(item: ResponseItem, items: readonly ResponseItem[], place: number): boolean {
  if (!isUserMessage(item)) return false;
  if (hasWords(item)) return true;
  for (let at = place - 1; at >= 0; at -= 1) {
    const before = items[at];
    if (before === undefined || before.type === 'ghost_snapshot') continue;
    if (!isUserMessage(before) || hasWords(before)) return !isOutput(before);
  }
  return true;
}

/** Drops the reasoning behind the last user message; the reasoning before that one was dropped when it arrived. */
export function dropReasoningOfTurn(prompt: ResponseItem[]): void {
  const from = prompt.findLastIndex((item) => isUserMessage(item) && hasWords(item)) + 1;
  const kept = prompt.slice(from).filter(outlivesTurn);
  prompt.length = from;
  for (const item of kept) prompt.push(item);
}

/** Inserts an output behind its call. The last `waiting` calls with its id have no output yet; the oldest of them gets it. */
export function insertBehindCall(items: ResponseItem[], output: OutputItem, waiting: number): void {
  const key = pairKey(output);
  let left = waiting;
  let at = items.length;
  while (left > 0 && at > 0) {
    at -= 1;
    const item = items[at];
    if (item && isCall(item) && pairKey(item) === key) left -= 1;
  }
  items.splice(at + 1, 0, output);
}
