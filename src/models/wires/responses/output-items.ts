import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../../json/index.ts';

/** An item of a response while it comes, and what its events have said of it. */
interface Entry {
  readonly type: string;
  readonly index: number | null;
  readonly id: string | null;
  /** The item as it was announced; null: it was not. */
  readonly begun: JsonObject | null;
  /** Texts of its deltas and of the events that repeat them, by the field of the item that they fill. */
  readonly texts: Map<Filled, Pieces>;
  isDone: boolean;
}

/** Pieces are joined this many at a time: a string that grows piece by piece is a chain that the collector follows again and again. */
const JOINED_PIECES = 256;

/** A text that comes in pieces. */
class Pieces {
  #text = '';
  #pieces: string[] = [];

  add(piece: string): void {
    if (this.#pieces.push(piece) === JOINED_PIECES) this.#join();
  }

  replace(text: string): void {
    this.#text = text;
    this.#pieces = [];
  }

  toString(): string {
    this.#join();
    return this.#text;
  }

  #join(): void {
    this.#text += this.#pieces.join('');
    this.#pieces = [];
  }
}

type Filled = 'text' | 'refusal' | 'arguments' | 'input' | 'summary' | 'content' | 'name' | 'call_id';

export interface Filling {
  /** Its name. */
  readonly event: string;
  readonly type: string;
  readonly field: Filled;
  /** The field of the event. */
  readonly from: string;
  /** It is a piece; else it is the whole. */
  readonly isPiece?: true;
  /** The event by which it is shown as it comes; absent: it is not. */
  readonly shown?: 'textDelta' | 'reasoningSummaryDelta' | 'reasoningContentDelta';
}

/** Events that say what an item that is done says again, in most streams. */
const FILLINGS: Readonly<Record<string, Omit<Filling, 'event'>>> = {
  'response.output_text.delta': { type: 'message', field: 'text', from: 'delta', isPiece: true, shown: 'textDelta' },
  'response.output_text.done': { type: 'message', field: 'text', from: 'text' },
  'response.refusal.delta': { type: 'message', field: 'refusal', from: 'delta', isPiece: true, shown: 'textDelta' },
  'response.refusal.done': { type: 'message', field: 'refusal', from: 'refusal' },
  'response.function_call_arguments.delta': { type: 'function_call', field: 'arguments', from: 'delta', isPiece: true },
  'response.function_call_arguments.done': { type: 'function_call', field: 'arguments', from: 'arguments' },
  'response.custom_tool_call_input.delta': { type: 'custom_tool_call', field: 'input', from: 'delta', isPiece: true },
  'response.custom_tool_call_input.done': { type: 'custom_tool_call', field: 'input', from: 'input' },
  'response.reasoning_summary_text.delta': {
    ...{ type: 'reasoning', field: 'summary', from: 'delta', isPiece: true },
    shown: 'reasoningSummaryDelta',
  },
  'response.reasoning_summary_text.done': { type: 'reasoning', field: 'summary', from: 'text' },
  'response.reasoning_text.delta': {
    ...{ type: 'reasoning', field: 'content', from: 'delta', isPiece: true },
    shown: 'reasoningContentDelta',
  },
  'response.reasoning_text.done': { type: 'reasoning', field: 'content', from: 'text' },
};

const FILLING_OF: ReadonlyMap<string, Filling> = new Map(
  Object.entries(FILLINGS).map(([event, filling]) => [event, { event, ...filling }]),
);
const FILLED_TYPES: ReadonlySet<string> = new Set(Object.values(FILLINGS).map(({ type }) => type));

/** What an event of this type fills; it matters only for a server that leaves something out of the finished item. */
export function fillingOf(type: string): Filling | undefined {
  return FILLING_OF.get(type);
}

/**
 * The items of one response. The finished ones count; what a thin stream leaves out of them, or leaves out altogether, is
 * taken from the other events, and at the end from the response itself.
 */
export class OutputItems {
  readonly #entries: Entry[] = [];
  readonly #done: JsonObject[] = [];
  /** Events that are needed only if something is missing: their JSON has not been read. */
  #unread: string[] = [];
  /** What the event before showed a piece of; null: nothing. */
  lastShown: Filling | null = null;
  /** The entry that was filled last: most events are about it. */
  #latest: Entry | null = null;

  added(event: JsonObject): void {
    const item = objectField(event, 'item');
    const type = stringField(item, 'type');
    if (item !== null && type !== null) this.#enter(type, event, item);
  }

  /** The data of an event that fills an item. */
  keep(data: string): void {
    this.#unread.push(data);
  }

  /** An event that fills an item, and has been read for its delta. */
  fill(event: JsonObject, filling: Filling): void {
    const entry = this.#entryOf(event, filling.type);
    const text = stringField(event, filling.from) ?? '';
    if (entry.isDone) return;
    if (text !== '' && filling.isPiece) textOf(entry, filling.field).add(text);
    else if (text !== '') textOf(entry, filling.field).replace(text);
    if (filling.field !== 'arguments' && filling.field !== 'input') return;
    for (const field of ['name', 'call_id'] as const) {
      const value = stringField(event, field);
      if (value !== null) textOf(entry, field).replace(value);
    }
  }

  /** @returns the finished item, with what it lacks */
  finished(event: JsonObject): JsonObject | null {
    const given = objectField(event, 'item');
    const type = stringField(given, 'type');
    if (given === null || type === null) return given;
    const isLacking = lacksSomething(given);
    if (isLacking) this.#readKept();
    const entry = this.#find(event, given, type) ?? this.#entries.find((one) => !one.isDone && one.type === type);
    if (entry !== undefined) entry.isDone = true;
    if (this.#entries.every(({ isDone }) => isDone)) this.#unread = [];
    const item = isLacking && entry !== undefined ? filled(given, entry) : given;
    this.#done.push(item);
    return item;
  }

  /** When the response is complete: items that no event has finished. */
  rest(response: JsonObject | null): readonly JsonObject[] {
    const output = Array.isArray(response?.['output']) ? response['output'].map(asObject) : [];
    const listed = output.filter((item) => item !== null);
    if (listed.length > 0) return unseen(listed, this.#done);
    this.#readKept();
    // Pieces of what was never announced count where the server lists what it made, and lists nothing.
    const isListed = Array.isArray(response?.['output']);
    const open = this.#entries.filter(({ isDone, type, begun }) => {
      return !isDone && FILLED_TYPES.has(type) && (begun !== null || isListed);
    });
    return open.map((entry) => filled({ type: entry.type }, entry)).filter((item) => !lacksSomething(item));
  }

  #enter(type: string, event: JsonObject, begun: JsonObject | null): Entry {
    const id = stringField(event, 'item_id') ?? stringField(begun, 'id');
    const index = numberField(event, 'output_index');
    const entry: Entry = { type, index, id, begun, texts: new Map(), isDone: false };
    this.#entries.push(entry);
    return entry;
  }

  /** What names no item belongs to the open one; what was not announced announces itself. */
  #entryOf(event: JsonObject, type: string): Entry {
    const latest = this.#latest;
    const isSame = latest !== null && !latest.isDone && latest.type === type && latest.id !== null;
    if (isSame && event['item_id'] === latest.id) return latest;
    this.#latest = this.#foundOrNew(event, type);
    return this.#latest;
  }

  #foundOrNew(event: JsonObject, type: string): Entry {
    const known = this.#find(event, {}, type);
    if (known !== undefined) return known;
    const isNamed = stringField(event, 'item_id') !== null || numberField(event, 'output_index') !== null;
    const open = isNamed ? undefined : this.#entries.findLast((entry) => !entry.isDone && entry.type === type);
    return open ?? this.#enter(type, event, null);
  }

  /** By id, then by place: some gateways give every event an id of its own. */
  #find(event: JsonObject, item: JsonObject, type: string): Entry | undefined {
    const id = stringField(event, 'item_id') ?? stringField(item, 'id');
    const index = numberField(event, 'output_index');
    const similar = this.#entries.filter((entry) => !entry.isDone && entry.type === type);
    const byId = id === null ? undefined : similar.find((entry) => entry.id === id);
    return byId ?? (index === null ? undefined : similar.findLast((entry) => entry.index === index));
  }

  #readKept(): void {
    const kept = this.#unread;
    this.#unread = [];
    for (const data of kept) {
      const event = asObject(parseJson(data)) ?? {};
      const filling = fillingOf(stringField(event, 'type') ?? '');
      if (filling !== undefined) this.fill(event, filling);
    }
  }
}

function textOf({ texts }: Entry, field: Filled): Pieces {
  const known = texts.get(field);
  if (known !== undefined) return known;
  const text = new Pieces();
  texts.set(field, text);
  return text;
}

/** Items of the response's own list of which none that came is the same one. */
function unseen(listed: readonly JsonObject[], done: readonly JsonObject[]): readonly JsonObject[] {
  const left = [...done];
  const taken = (is: (one: JsonObject) => boolean) => {
    const at = left.findIndex(is);
    if (at !== -1) left.splice(at, 1);
    return at !== -1;
  };
  const unnamed = listed.filter((item) => !taken((one) => isSame(one, item, 'call_id') || isSame(one, item, 'id')));
  // Ids differ from event to event at some gateways: then the first of a kind is the first of that kind.
  return unnamed.filter((item) => !taken((one) => one['type'] === item['type']));
}

function isSame(one: JsonObject, other: JsonObject, name: string): boolean {
  return one['type'] === other['type'] && Boolean(one[name]) && one[name] === other[name];
}

/** Whether a finished item says less than its kind has to. */
function lacksSomething(item: JsonObject): boolean {
  switch (item['type']) {
    case 'message':
      return isEmpty(item['content']);
    case 'function_call':
      return !item['name'] || item['arguments'] === undefined || item['arguments'] === '';
    case 'custom_tool_call':
      return !item['name'] || item['input'] === undefined || item['input'] === '';
    case 'reasoning':
      return isEmpty(item['summary']) && isEmpty(item['content']) && !item['encrypted_content'];
    default:
      return false;
  }
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);
}

function filled(item: JsonObject, { begun, texts, id }: Entry): JsonObject {
  const whole: JsonObject = { ...(id === null ? {} : { id }), ...begun, ...withoutEmpty(item) };
  const text = (field: Filled) => texts.get(field)?.toString() ?? '';
  const named = { ...whole, name: whole['name'] || text('name'), call_id: whole['call_id'] || text('call_id') };
  switch (whole['type']) {
    case 'message': {
      const content = [text('text'), text('refusal')].filter((part) => part !== '');
      const parts = content.map((part) => ({ type: 'output_text', text: part }));
      return isEmpty(whole['content']) ? { ...whole, content: parts } : whole;
    }
    case 'function_call':
      return { ...named, arguments: whole['arguments'] || text('arguments') };
    case 'custom_tool_call':
      return { ...named, input: whole['input'] || text('input') };
    case 'reasoning': {
      const summary = text('summary') === '' ? [] : [{ type: 'summary_text', text: text('summary') }];
      const content = text('content') === '' ? {} : { content: [{ type: 'reasoning_text', text: text('content') }] };
      return isEmpty(whole['summary']) && isEmpty(whole['content']) ? { ...whole, summary, ...content } : whole;
    }
    default:
      return whole;
  }
}

function withoutEmpty(item: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => !isEmpty(value)));
}
