import type { ItemPart, Json, Pause } from './script.ts';

/** A text in the pieces that its deltas carry, with `delay` and `hold` between them where wanted. */
export type Deltas = readonly (string | Pause)[];

/** How a text is streamed: in one delta unless said otherwise. */
export interface StreamOptions {
  /** The item's id; made from the numbers of response and item by default. */
  readonly id?: string;
  /** The pieces themselves. Together they should be the text; only they can contain pauses. */
  readonly deltas?: Deltas;
  /** In place of `deltas`: UTF-16 units a piece. */
  readonly chunk?: number;
  /** The item breaks off after its last delta. Mostly followed by `cut()`, `reset()` or `hang()`. */
  readonly unfinished?: boolean;
}

export interface MessageOptions extends StreamOptions {}

/** An assistant message. */
export function message(text: string, options: MessageOptions = {}): ItemPart {
  const part = { type: 'output_text', text, annotations: [] };
  const at = { content_index: 0 };
  return {
    ...streamed(options),
    item: withId(options, { type: 'message', status: 'completed', role: 'assistant', content: [part] }),
    begun: { status: 'in_progress', content: [] },
    idPrefix: 'msg',
    streaming: [
      { type: 'response.content_part.added', ...at, part: { ...part, text: '' } },
      ...deltaEvents('response.output_text.delta', deltasOf(text, options), at),
    ],
    closing: [
      { type: 'response.output_text.done', ...at, text },
      { type: 'response.content_part.done', ...at, part },
    ],
  };
}

export interface ReasoningOptions {
  readonly id?: string;
  /** The opaque blob that a client sends back as it is. */
  readonly encrypted?: string;
  /** Raw reasoning, in one delta or in these. */
  readonly content?: string | Deltas;
  readonly unfinished?: boolean;
}

/** A reasoning item; each entry of `summary` is a summary part, in one delta or in these. */
export function reasoning(summary: readonly (string | Deltas)[], options: ReasoningOptions = {}): ItemPart {
  const { encrypted = null, content } = options;
  const parts = summary.map((text) => ({ type: 'summary_text', text: wholeText(text) }));
  const raw = content === undefined ? null : wholeText(content);
  return {
    ...streamed(options),
    item: withId(options, {
      type: 'reasoning',
      summary: parts,
      ...(raw === null ? {} : { content: [{ type: 'reasoning_text', text: raw }] }),
      encrypted_content: encrypted,
    }),
    begun: { summary: [], ...(raw === null ? {} : { content: [] }) },
    idPrefix: 'rs',
    streaming: [
      ...summary.flatMap((text, index) => summaryEvents(text, index)),
      ...(content === undefined
        ? []
        : deltaEvents('response.reasoning_text.delta', asDeltas(content), { content_index: 0 })),
    ],
    closing: raw === null ? [] : [{ type: 'response.reasoning_text.done', content_index: 0, text: raw }],
  };
}

function summaryEvents(text: string | Deltas, index: number): (Json | Pause)[] {
  const at = { summary_index: index };
  const part = { type: 'summary_text', text: wholeText(text) };
  return [
    { type: 'response.reasoning_summary_part.added', ...at, part: { ...part, text: '' } },
    ...deltaEvents('response.reasoning_summary_text.delta', asDeltas(text), at),
    { type: 'response.reasoning_summary_text.done', ...at, text: part.text },
    { type: 'response.reasoning_summary_part.done', ...at, part },
  ];
}

export interface CallOptions extends StreamOptions {
  /** Random by default. */
  readonly callId?: string;
}

/** A function call. `args` is sent as JSON; a string is sent as it is, also if it is not JSON. A bare string is the call id. */
export function functionCall(name: string, args: unknown, options: string | CallOptions = {}): ItemPart {
  const text = typeof args === 'string' ? args : JSON.stringify(args);
  return textCall({ type: 'function_call', name, arguments: text }, 'response.function_call_arguments', options);
}

/** A call of a freeform tool. A bare string is the call id. */
export function customCall(name: string, input: string, options: string | CallOptions = {}): ItemPart {
  return textCall({ type: 'custom_tool_call', name, input }, 'response.custom_tool_call_input', options);
}

type TextCall =
  | { readonly type: 'function_call'; readonly name: string; readonly arguments: string }
  | { readonly type: 'custom_tool_call'; readonly name: string; readonly input: string };

function textCall(call: TextCall, event: string, given: string | CallOptions): ItemPart {
  const options = asCallOptions(given);
  const said = call.type === 'function_call' ? { arguments: call.arguments } : { input: call.input };
  const text = call.type === 'function_call' ? call.arguments : call.input;
  return {
    ...streamed(options),
    item: withId(options, { ...call, ...withCallId(options), status: 'completed' }),
    begun: { status: 'in_progress', ...(call.type === 'function_call' ? { arguments: '' } : { input: '' }) },
    idPrefix: call.type === 'function_call' ? 'fc' : 'ctc',
    isCall: true,
    streaming: deltaEvents(`${event}.delta`, deltasOf(text, options), {}),
    closing: [{ type: `${event}.done`, ...said }],
  };
}

/** A call of the provider's own shell tool. `action` adds to it, such as `{ timeout_ms: 1000 }`. A bare string is the call id. */
export function localShellCall(
  command: readonly string[],
  given: string | (Pick<CallOptions, 'id' | 'callId'> & { readonly action?: Json }) = {},
): ItemPart {
  const options = asCallOptions(given);
  const action = { type: 'exec', command, ...(typeof given === 'string' ? {} : given.action) };
  return {
    ...plainItem(withId(options, { type: 'local_shell_call', ...withCallId(options), status: 'completed', action })),
    begun: { status: 'in_progress' },
    idPrefix: 'lsh',
    isCall: true,
  };
}

/** A search that the provider ran itself. */
export function webSearchCall(query: string, id?: string): ItemPart {
  const action = { type: 'search', query };
  const item = { ...(id === undefined ? {} : { id }), type: 'web_search_call', status: 'completed', action };
  const steps = ['in_progress', 'searching', 'completed'];
  return {
    ...plainItem(item),
    begun: { status: 'in_progress' },
    idPrefix: 'ws',
    streaming: steps.map((step) => ({ type: `response.web_search_call.${step}` })),
  };
}

/** A picture that the provider's model made: base64. */
export function imageGenerationCall(result: string, prompt?: string): ItemPart {
  const item = { type: 'image_generation_call', status: 'completed', result };
  return {
    ...plainItem(prompt === undefined ? item : { ...item, revised_prompt: prompt }),
    begun: { status: 'in_progress', result: null },
    idPrefix: 'ig',
    streaming: [{ type: 'response.image_generation_call.generating' }],
  };
}

/** Any item, as it is. */
export function plainItem(item: Json): ItemPart {
  return { ...streamed({}), item, begun: {}, idPrefix: null, streaming: [], closing: [] };
}

function streamed(options: { readonly unfinished?: boolean }) {
  return { type: 'item' as const, isCall: false, unfinished: options.unfinished ?? false };
}

function withId(options: { readonly id?: string }, item: Json): Json {
  return options.id === undefined ? item : { id: options.id, ...item };
}

function withCallId({ callId }: CallOptions): Json {
  return callId === undefined ? {} : { call_id: callId };
}

function asCallOptions(options: string | CallOptions): CallOptions {
  return typeof options === 'string' ? { callId: options } : options;
}

function deltaEvents(type: string, deltas: Deltas, at: Json): (Json | Pause)[] {
  return deltas.map((delta) => (typeof delta === 'string' ? { type, ...at, delta } : delta));
}

function deltasOf(text: string, { deltas, chunk }: StreamOptions): Deltas {
  if (deltas) return deltas;
  return chunk === undefined ? asDeltas(text) : piecesOf(text, chunk);
}

function asDeltas(text: string | Deltas): Deltas {
  if (typeof text !== 'string') return text;
  return text === '' ? [] : [text];
}

function wholeText(text: string | Deltas): string {
  return typeof text === 'string' ? text : text.filter((piece) => typeof piece === 'string').join('');
}

/** Pieces of this many UTF-16 units, one more where a surrogate pair would be split. */
function piecesOf(text: string, units: number): string[] {
  if (!(units >= 1)) throw new RangeError(`chunk is 1 or more, not ${units}`);
  const pieces: string[] = [];
  for (let start = 0; start < text.length; ) {
    let end = start + Math.floor(units);
    const last = text.charCodeAt(end - 1);
    if (last >= 0xd800 && last <= 0xdbff) end += 1;
    pieces.push(text.slice(start, end));
    start = end;
  }
  return pieces;
}
