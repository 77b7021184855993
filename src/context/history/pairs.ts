import type { CallItem, OutputItem, ResponseItem } from '../../foundation/protocol/index.ts';

/** The output of a call that never got one. */
const ABORTED = 'aborted';

/**
 * The key that a call and its output share: outputs of custom tools answer custom calls only, other outputs answer function
 * and local shell calls. Null for a local shell call without an id, which nothing can answer.
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

/** The output of a call that was cut off; null if the call has no id. */
function abortedOutput(call: CallItem): OutputItem | null {
  if (!call.call_id) return null;
  const type = call.type === 'custom_tool_call' ? 'custom_tool_call_output' : 'function_call_output';
  return { type, call_id: call.call_id, output: ABORTED };
}

/**
 * Counts the calls that wait for their output. A model may use an id twice: the first output then answers the first call,
 * the second output the second.
 */
export class OpenCalls {
  /** How many calls wait, by key; never zero. */
  readonly #waiting: Map<string, number>;

  constructor(waiting: ReadonlyMap<string, number> = new Map()) {
    this.#waiting = new Map(waiting);
  }

  opened(call: CallItem): void {
    const key = pairKey(call);
    if (key !== null) this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + 1);
  }

  /** @returns how many calls waited for such an output, which answers the first of them; 0 if none did */
  answered(output: OutputItem): number {
    const key = pairKey(output);
    const waiting = key === null ? 0 : (this.#waiting.get(key) ?? 0);
    if (key !== null && waiting > 1) this.#waiting.set(key, waiting - 1);
    else if (key !== null) this.#waiting.delete(key);
    return waiting;
  }

  keys(): IterableIterator<string> {
    return this.#waiting.keys();
  }

  clone(): OpenCalls {
    return new OpenCalls(this.#waiting);
  }
}

export interface Paired {
  readonly items: ResponseItem[];
  /** One text for each repair; a history that keel wrote needs none. */
  readonly repairs: readonly string[];
}

/** Gives every call exactly one output behind it and drops outputs that no call before them waits for. */
export function pairUp(items: readonly ResponseItem[]): Paired {
  const { open, orphans } = unpaired(items);
  const kept: ResponseItem[] = [];
  const repairs: string[] = [];
  for (const [at, item] of items.entries()) {
    if (orphans.has(at) && isOutput(item)) {
      repairs.push(`dropped an output without a call: ${item.call_id}`);
      continue;
    }
    kept.push(item);
    const missing = open.has(at) && isCall(item) ? abortedOutput(item) : null;
    if (missing === null) continue;
    kept.push(missing);
    repairs.push(`answered a call without an output: ${missing.call_id}`);
  }
  return { items: kept, repairs };
}

/** The indexes of calls without an output and of outputs without a call. */
function unpaired(items: readonly ResponseItem[]): { open: ReadonlySet<number>; orphans: ReadonlySet<number> } {
  const waiting = new Map<string, number[]>();
  const orphans = new Set<number>();
  for (const [at, item] of items.entries()) {
    if (!isCall(item) && !isOutput(item)) continue;
    const key = pairKey(item);
    const calls = key === null ? undefined : waiting.get(key);
    if (isOutput(item)) {
      if (calls?.shift() === undefined) orphans.add(at);
    } else if (calls) calls.push(at);
    else if (key !== null) waiting.set(key, [at]);
  }
  return { open: new Set([...waiting.values()].flat()), orphans };
}
