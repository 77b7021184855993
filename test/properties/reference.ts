import * as z from 'zod/mini';

/** An item as JSON has it: of a rollout's line or of a request. */
export type Item = Readonly<Record<string, unknown>>;

const anObject = z.looseObject({ type: z.string() });
const Line = z.looseObject({ type: z.string(), payload: z.looseObject({}), turn: z.optional(z.string()) });
const Items = z.array(anObject);
const Parts = z.array(z.looseObject({ text: z.optional(z.string()) }));
const Body = z.looseObject({ input: z.array(z.looseObject({})) });

/** One line of a rollout, read without any code of keel's. */
export interface RecordLine {
  readonly type: string;
  readonly payload: Item;
  /** The turn that it belongs to, where it says so. */
  readonly turn: string | null;
}

const known = new WeakMap<readonly string[], ReadonlyMap<number, RecordLine>>();

/** The lines that can be read, with their places among all. */
export function parsedLines(lines: readonly string[]): ReadonlyMap<number, RecordLine> {
  const before = known.get(lines);
  if (before) return before;
  const parsed = new Map<number, RecordLine>();
  for (const [at, text] of lines.entries()) {
    const line = parseLine(text);
    if (line) parsed.set(at, line);
  }
  known.set(lines, parsed);
  return parsed;
}

function parseLine(text: string): RecordLine | null {
  try {
    const { type, payload, turn } = Line.parse(JSON.parse(text));
    const named = type === 'step' ? payload['turn'] : type === 'event_msg' ? payload['turn_id'] : turn;
    return { type, payload, turn: typeof named === 'string' ? named : null };
  } catch {
    return null; // truncated by a kill
  }
}

/**
 * The conversation in a record, by the plainest reading: items in order, an output directly behind the first
 * call of its id that has none, a compaction in place of everything before it.
 */
export class ReferenceHistory {
  #items: Item[] = [];

  get items(): readonly Item[] {
    return this.#items;
  }

  read({ type, payload }: RecordLine): void {
    if (type === 'response_item') this.#add(payload);
    else if (type === 'compacted') {
      this.#items = [];
      for (const item of Items.parse(payload['replacement_history'])) this.#add(item);
    } else if (type === 'event_msg' && payload['type'] === 'undo_completed') {
      this.#items = this.#items.filter(
        (item) => !isSnapshot(item) || !JSON.stringify(item).includes(String(payload['snapshot'])),
      );
    }
  }

  /** What a request's input has to be: no snapshots, and no reasoning from before the last user message. */
  prompt(): readonly Item[] {
    const lastUser = this.#items.findLastIndex((item) => item['role'] === 'user');
    return this.#items.filter((item, at) => !isSnapshot(item) && (item['type'] !== 'reasoning' || at > lastUser));
  }

  #add(item: Item): void {
    if (!isOutput(item)) {
      this.#items.push(item);
      return;
    }
    const at = this.#items.findIndex(
      (call, place) => isCall(call) && areHalves(call, item) && !this.#isAnswered(call, place),
    );
    this.#items.splice(at === -1 ? this.#items.length : at + 1, 0, item);
  }

  #isAnswered(call: Item, at: number): boolean {
    const next = this.#items[at + 1];
    return next !== undefined && isOutput(next) && areHalves(call, next);
  }
}

export function isCall(item: Item): boolean {
  return item['type'] === 'function_call' || item['type'] === 'custom_tool_call' || item['type'] === 'local_shell_call';
}

export function isOutput(item: Item): boolean {
  return item['type'] === 'function_call_output' || item['type'] === 'custom_tool_call_output';
}

export function areHalves(call: Item, output: Item): boolean {
  const areCustom = (item: Item) => String(item['type']).startsWith('custom');
  return call['call_id'] === output['call_id'] && areCustom(call) === areCustom(output);
}

function isSnapshot(item: Item): boolean {
  return item['type'] === 'ghost_snapshot';
}

/** The text of a message; empty for other items. */
export function textOf(item: Item): string {
  const parts = Parts.safeParse(item['content']).data ?? [];
  return parts.map(({ text = '' }) => text).join('');
}

/**
 * What each item says, for comparison. A call is named by its place: a request may write its id in another form, which has to fit
 * and be there once, and an output says how far behind its call it is.
 */
export function signatures(items: readonly Item[]): string[] {
  const waiting = new Map<unknown, number[]>();
  return items.map((item, place) => {
    const { type, role, call_id, name, encrypted_content } = item;
    if (isOutput(item)) {
      const call = waiting.get(call_id)?.shift();
      return JSON.stringify([type, call === undefined ? null : place - call]);
    }
    if (call_id !== undefined) waiting.set(call_id, [...(waiting.get(call_id) ?? []), place]);
    const said = type === 'function_call' ? objectText(String(item['arguments'])) : (item['input'] ?? textOf(item));
    return JSON.stringify([type, role, name, encrypted_content, said]);
  });
}

/** Arguments as every server takes them: what is no JSON object travels within one. */
function objectText(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return text;
  } catch {
    // The model wrote something else.
  }
  return JSON.stringify({ _raw: text });
}

/** The items of a request's input. */
export function inputOf(body: string): Item[] {
  return Body.parse(JSON.parse(body)).input;
}
