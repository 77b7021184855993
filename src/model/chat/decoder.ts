import type { ReasoningItem, ResponseItem, TokenUsage } from '../../protocol/index.ts';
import { type FailureContext, incompleteResponse, responseFailure, streamLost } from '../failures.ts';
import { asObject, type JsonObject, objectField, parseJson, stringField } from '../json-fields.ts';
import { ModelError } from '../model-error.ts';
import type { ModelEvent } from '../model-event.ts';
import type { ResponseDecoder } from '../wire.ts';
import { readFailure } from '../wire-failure.ts';
import type { OfferedTools } from '../wire-names.ts';
import { CallParts } from './call-parts.ts';
import { usageOf } from './usage.ts';

export interface ChatDecoderContext {
  readonly tools: OfferedTools;
  readonly origin: { readonly provider: string; readonly model: string };
  readonly failures: FailureContext;
}

type ThoughtField = 'reasoning' | 'reasoning_content' | 'reasoning_details';
type Segment =
  | { readonly type: 'text'; text: string }
  | { readonly type: 'thought'; readonly field: ThoughtField; text: string; readonly details: unknown[] };

/** Far above any real answer. Beyond it the server is taken for broken. */
const MAX_RESPONSE_CHARS = 128 * 1024 * 1024;
const DONE = '[DONE]';
const FILTERED = '[The provider ended this answer: its filter refused the rest.]';

/** Reads one response of the Chat Completions API. Items come in the order in which they were begun, calls last. */
export class ChatDecoder implements ResponseDecoder {
  readonly #context: ChatDecoderContext;
  readonly #calls = new CallParts();
  #segment: Segment | null = null;
  #responseId = '';
  #finish: string | null = null;
  #usage: TokenUsage | null = null;
  #hasBegun = false;
  #isComplete = false;
  #chars = 0;

  constructor(context: ChatDecoderContext) {
    this.#context = context;
  }

  /** The events of one data payload. Throws a ModelError for a response that failed or was cut. */
  decode(data: string): readonly ModelEvent[] {
    this.#chars += data.length;
    if (this.#chars > MAX_RESPONSE_CHARS) {
      throw new ModelError('responseStreamDisconnected', 'the response is longer than any answer', { phase: 'stream' });
    }
    if (data.trim() === DONE) return this.#ended();
    const chunk = asObject(parseJson(data));
    return chunk === null || this.#isComplete ? [] : this.#chunk(chunk);
  }

  /** Some servers close the stream without a last word; that is an end only where they said before how it ended. */
  end(): readonly ModelEvent[] {
    if (this.#isComplete) return [];
    if (this.#finish === null) throw streamLost('stream closed before finish_reason', this.#context.failures);
    return this.#ended();
  }

  #chunk(chunk: JsonObject): readonly ModelEvent[] {
    const { failures } = this.#context;
    if (chunk['error']) throw responseFailure(readFailure(chunk), failures);
    this.#responseId ||= stringField(chunk, 'id') ?? '';
    this.#usage = usageOf(chunk) ?? this.#usage;
    const events: ModelEvent[] = this.#hasBegun ? [] : [{ type: 'created' }];
    this.#hasBegun = true;
    const choices = Array.isArray(chunk['choices']) ? chunk['choices'] : [];
    const choice = asObject(choices[0]);
    if (choice === null) {
      // The chunk of the usage: the last one where it is told.
      return this.#finish !== null && this.#usage !== null ? [...events, ...this.#ended()] : events;
    }
    const delta = objectField(choice, 'delta') ?? objectField(choice, 'message');
    if (delta !== null) events.push(...this.#delta(delta));
    const finish = stringField(choice, 'finish_reason');
    if (finish === null || finish === '') return events;
    const before = this.#finish;
    this.#finish = finish;
    return [...events, ...this.#finished(before)];
  }

  #delta(delta: JsonObject): readonly ModelEvent[] {
    const events = [...this.#thought(delta), ...this.#text(textIn(delta))];
    const calls = Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : [];
    for (const call of calls) this.#calls.add(asObject(call) ?? {});
    return events;
  }

  #thought(delta: JsonObject): readonly ModelEvent[] {
    const found = thoughtIn(delta);
    if (found === null) return [];
    const closed = this.#segment?.type === 'thought' ? [] : this.#closeSegment();
    if (this.#segment === null) this.#segment = { type: 'thought', field: found.field, text: '', details: [] };
    if (this.#segment.type === 'thought') {
      this.#segment.text += found.text;
      this.#segment.details.push(...found.details);
    }
    if (found.text === '') return closed;
    return [...closed, { type: 'reasoningContentDelta', itemId: null, index: 0, delta: found.text }];
  }

  #text(text: string): readonly ModelEvent[] {
    if (text === '') return [];
    const closed = this.#segment?.type === 'text' ? [] : this.#closeSegment();
    if (this.#segment === null) this.#segment = { type: 'text', text: '' };
    if (this.#segment.type === 'text') this.#segment.text += text;
    return [...closed, { type: 'textDelta', itemId: null, delta: text }];
  }

  #closeSegment(): readonly ModelEvent[] {
    const segment = this.#segment;
    this.#segment = null;
    if (segment === null) return [];
    const item = segment.type === 'text' ? messageItem(segment.text) : this.#thoughtItem(segment);
    return [{ type: 'itemDone', item }];
  }

  #thoughtItem({ field, text, details }: Extract<Segment, { type: 'thought' }>): ReasoningItem {
    return {
      type: 'reasoning',
      summary: [],
      content: text === '' ? null : [{ type: 'reasoning_text', text }],
      ...(details.length === 0 ? {} : { encrypted_content: JSON.stringify(details) }),
      origin: { ...this.#context.origin, field },
    };
  }

  /** How it ended is known: what was begun is whole, unless it was cut. The usage may still come, or the same said again. */
  #finished(before: string | null): readonly ModelEvent[] {
    const closed = this.#closeSegment();
    if (this.#finish === 'length') return closed;
    if (this.#finish === 'content_filter') {
      return before === this.#finish ? closed : [...closed, { type: 'itemDone', item: messageItem(FILTERED) }];
    }
    return [...closed, ...this.#callEvents()];
  }

  #callEvents(): readonly ModelEvent[] {
    return this.#calls.take(this.#context.tools).map((item) => ({ type: 'itemDone', item }));
  }

  #ended(): readonly ModelEvent[] {
    if (this.#isComplete) return [];
    this.#isComplete = true;
    if (this.#finish === 'length') throw incompleteResponse('length (the answer reached the limit of its length)');
    const unfinished = this.#finish === null ? [...this.#closeSegment(), ...this.#callEvents()] : [];
    return [...unfinished, { type: 'completed', responseId: this.#responseId, usage: this.#usage }];
  }
}

interface Thought {
  readonly field: ThoughtField;
  readonly text: string;
  readonly details: readonly unknown[];
}

/** Servers differ in where they put what the model thinks. */
function thoughtIn(delta: JsonObject): Thought | null {
  const details = delta['reasoning_details'];
  if (Array.isArray(details) && details.length > 0) {
    const text = details.map((detail) => stringField(asObject(detail), 'text') ?? '').join('');
    return { field: 'reasoning_details', text, details };
  }
  for (const field of ['reasoning_content', 'reasoning'] as const) {
    const nested = objectField(delta, field);
    const text = stringField(delta, field) ?? stringField(nested, 'text') ?? stringField(nested, 'content') ?? '';
    if (text !== '') return { field, text, details: [] };
  }
  return null;
}

/** Text, or a list of parts with one; what the model says instead of an answer counts as one. */
function textIn(delta: JsonObject): string {
  const content = delta['content'];
  const parts = Array.isArray(content) ? content.map((part) => stringField(asObject(part), 'text') ?? '') : [];
  return (stringField(delta, 'content') ?? parts.join('')) + (stringField(delta, 'refusal') ?? '');
}

function messageItem(text: string): ResponseItem {
  return { type: 'message', role: 'assistant', content: [{ type: 'output_text', text }] };
}
