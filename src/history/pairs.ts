import type { CallItem, OutputItem, ResponseItem } from '../protocol/index.ts';

/** What a call that never got an output is answered with. */
export const ABORTED = 'aborted';

/**
 * The key under which a call and its output find each other: outputs of custom tools answer custom calls only, the other
 * kind answers function and local shell calls. Null for a local shell call without an id, which nothing can answer.
 */
export function pairKey(item: CallItem | OutputItem): string | null {
  const isCustom = item.type === 'custom_tool_call' || item.type === 'custom_tool_call_output';
  return item.call_id ? `${isCustom ? 'custom' : 'function'}:${item.call_id}` : null;
}

export function isCall(item: ResponseItem): item is CallItem {
  return item.type === 'function_call' || item.type === 'custom_tool_call' || item.type === 'local_shell_call';
}

export function isOutput(item: ResponseItem): item is OutputItem {
  return item.type === 'function_call_output' || item.type === 'custom_tool_call_output';
}

/** The output of a call that was cut off; null where nothing can answer it. */
export function abortedOutput(call: CallItem): OutputItem | null {
  if (!call.call_id) return null;
  const type = call.type === 'custom_tool_call' ? 'custom_tool_call_output' : 'function_call_output';
  return { type, call_id: call.call_id, output: ABORTED };
}

export interface Paired {
  readonly items: ResponseItem[];
  /** What had to be mended; a history that keel wrote needs nothing. */
  readonly repairs: readonly string[];
}

/** Gives every call exactly one output, directly behind it where one was missing, and drops outputs without a call. */
export function pairUp(items: readonly ResponseItem[]): Paired {
  const repairs: string[] = [];
  const called = new Set(items.filter(isCall).map(pairKey));
  const answered = new Set(items.filter(isOutput).map(pairKey));
  const kept: ResponseItem[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    if (isOutput(item)) {
      const key = pairKey(item);
      if (key === null || !called.has(key) || seen.has(key)) {
        repairs.push(`dropped an output without a call: ${item.call_id}`);
        continue;
      }
      seen.add(key);
    }
    kept.push(item);
    if (!isCall(item)) continue;
    const key = pairKey(item);
    const missing = key !== null && !answered.has(key) ? abortedOutput(item) : null;
    if (missing === null) continue;
    kept.push(missing);
    answered.add(key);
    repairs.push(`answered a call without an output: ${item.call_id}`);
  }
  return { items: kept, repairs };
}
