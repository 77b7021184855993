import type { TokenUsage } from '../../../foundation/protocol/index.ts';
import { type FailureContext, incompleteResponse, ModelError, noAnswer, streamLost } from '../../failures/index.ts';
import { asObject, type JsonObject, objectField, parseJson, stringField } from '../../json/index.ts';
import type { CacheUse, ModelEvent } from '../../prompt/index.ts';
import type { OfferedTools, ResponseDecoder } from '../index.ts';
import { fieldsBeyond, mergedFields } from '../index.ts';
import { CallParts } from './call-parts.ts';
import { finishFailure } from './finish-reasons.ts';
import { Segments } from './segments.ts';
import { thoughtIn } from './thoughts.ts';
import { cacheUseOf, choiceIn, usageIn, usageOf } from './usage.ts';

export interface ChatDecoderContext {
  readonly tools: OfferedTools;
  readonly origin: { readonly provider: string; readonly model: string };
  readonly failures: FailureContext;
}

/** Far above any real answer. Beyond it the server is taken for broken. */
const MAX_RESPONSE_CHARS = 128 * 1024 * 1024;
const DONE = '[DONE]';
/** With some white space around it. */
const MAX_DONE_CHARS = 32;
const FILTERED = '[The provider ended this answer: its filter refused the rest.]';
/** What a message of an answer is known to hold. Anything else is kept and goes back to the server that sent it. */
const MESSAGE_FIELDS: ReadonlySet<string> = new Set([
  ...['role', 'content', 'refusal', 'tool_calls', 'function_call', 'name', 'audio', 'annotations', 'channel', 'images'],
  ...['reasoning', 'reasoning_content', 'reasoning_details', 'thinking_blocks'],
]);

/**
 * Reads one response of the Chat Completions API, streamed or in one piece. Texts and thoughts become items as they are
 * over, calls when the response has ended: some servers send finish_reason in every chunk, or send more after it.
 */
export class ChatDecoder implements ResponseDecoder {
  readonly #context: ChatDecoderContext;
  readonly #calls = new CallParts();
  readonly #segments: Segments;
  #messageFields: Readonly<Record<string, unknown>> = {};
  #responseId = '';
  #finish: string | null = null;
  #usage: TokenUsage | null = null;
  #cache: CacheUse | null = null;
  #hasStarted = false;
  #isComplete = false;
  #chars = 0;

  constructor(context: ChatDecoderContext) {
    this.#context = context;
    this.#segments = new Segments(context.origin);
  }

  /** Adds the events of one data payload. Throws a ModelError for a response that failed or was cut. */
  decode(data: string, events: ModelEvent[]): void {
    this.#chars += data.length;
    if (this.#chars > MAX_RESPONSE_CHARS) {
      throw new ModelError('responseStreamDisconnected', 'the response is longer than any answer', { phase: 'stream' });
    }
    for (const one of this.#decoded(data)) events.push(one);
  }

  #decoded(data: string): readonly ModelEvent[] {
    if (data.length < MAX_DONE_CHARS && data.trim() === DONE) return this.#ended();
    const chunk = asObject(parseJson(data));
    return chunk === null || this.#isComplete ? [] : this.#chunk(chunk);
  }

  /** Some servers close the stream without `[DONE]`; that is an end only after a finish_reason. */
  end(): readonly ModelEvent[] {
    if (this.#isComplete) return [];
    if (this.#finish === null) throw streamLost('stream closed before finish_reason', this.#context.failures);
    return this.#ended();
  }

  #chunk(chunk: JsonObject): readonly ModelEvent[] {
    this.#responseId ||= stringField(chunk, 'id') ?? '';
    const choice = choiceIn(chunk);
    const usage = usageIn(chunk, choice);
    if (usage !== null) {
      this.#usage = usageOf(usage) ?? this.#usage;
      this.#cache = cacheUseOf(usage) ?? this.#cache;
    }
    const events = this.#choice(choice);
    if (this.#hasStarted) return events;
    this.#hasStarted = true;
    return [{ type: 'created' }, ...events];
  }

  #choice(choice: JsonObject | null): readonly ModelEvent[] {
    if (choice === null) {
      // The chunk with the usage, the last one where a server sends it.
      return this.#finish !== null && this.#usage !== null ? this.#ended() : [];
    }
    const delta = objectField(choice, 'delta') ?? objectField(choice, 'message');
    const events = delta === null ? [] : this.#delta(delta);
    const failure = finishFailure(choice, this.#context.failures);
    if (failure !== null) throw failure;
    this.#finish = stringField(choice, 'finish_reason') || this.#finish;
    return events;
  }

  #delta(delta: JsonObject): readonly ModelEvent[] {
    const words = plainText(delta);
    return words === null ? this.#richDelta(delta) : this.#segments.say(words);
  }

  #richDelta(delta: JsonObject): readonly ModelEvent[] {
    const thought = thoughtIn(delta);
    const thoughts = thought === null ? [] : this.#segments.think(thought);
    const words = this.#segments.say(textIn(delta));
    const calls = delta['tool_calls'];
    if (Array.isArray(calls)) for (const call of calls) this.#calls.add(asObject(call) ?? {});
    const oldForm = objectField(delta, 'function_call');
    if (oldForm !== null) this.#calls.add({ index: 0, function: oldForm });
    this.#messageFields = mergedFields(this.#messageFields, fieldsBeyond(delta, MESSAGE_FIELDS));
    return thoughts.length === 0 ? words : [...thoughts, ...words];
  }

  #ended(): readonly ModelEvent[] {
    if (this.#isComplete) return [];
    this.#isComplete = true;
    switch (this.#finish) {
      case 'length':
        throw incompleteResponse('length (the answer reached the limit of its length)');
      case 'content_filter':
        return [
          ...this.#segments.close(),
          ...this.#segments.say(FILTERED),
          ...this.#segments.close(),
          this.#completed(),
        ];
      default:
        return [...this.#segments.close(this.#messageFields), ...this.#callsThatCame(), this.#completed()];
    }
  }

  #callsThatCame(): readonly ModelEvent[] {
    const events = this.#callEvents();
    if (events.length === 0 && (this.#finish === 'tool_calls' || this.#finish === 'function_call')) {
      throw noAnswer(`it ended with finish_reason "${this.#finish}" and no call`);
    }
    return events;
  }

  #callEvents(): readonly ModelEvent[] {
    const { tools, origin } = this.#context;
    const messageFields = this.#segments.endedWithText ? {} : this.#messageFields;
    const context = { tools, provider: origin.provider, messageFields };
    return this.#calls.items(context).map((item) => ({ type: 'itemDone', item }));
  }

  #completed(): ModelEvent {
    const cache = this.#cache === null ? {} : { cache: this.#cache };
    return { type: 'completed', responseId: this.#responseId, usage: this.#usage, ...cache };
  }
}

/** The text of a piece that has nothing else, as nearly all of an answer; null: there is more to look at. */
function plainText(delta: JsonObject): string | null {
  for (const name in delta) if (name !== 'content' && name !== 'role') return null;
  return typeof delta['content'] === 'string' ? delta['content'] : null;
}

/** Text, or a list of parts with one; what the model says instead of an answer counts as one. */
function textIn(delta: JsonObject): string {
  const { content, refusal } = delta;
  const text = Array.isArray(content)
    ? content.map((part) => stringField(asObject(part), 'text') ?? '').join('')
    : content;
  return (typeof text === 'string' ? text : '') + (typeof refusal === 'string' ? refusal : '');
}
