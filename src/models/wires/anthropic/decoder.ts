import type { ResponseItem } from '../../../foundation/protocol/index.ts';
import {
  type FailureContext,
  incompleteResponse,
  ModelError,
  namedFailure,
  responseFailure,
  serverText,
  streamLost,
} from '../../failures/index.ts';
import { asObject, type JsonObject, numberField, objectField, parseJson, stringField } from '../../json/index.ts';
import type { ModelEvent } from '../../prompt/index.ts';
import type { ResponseDecoder } from '../index.ts';
import { ResponseMark } from '../index.ts';
import { type BlockContext, type ContentBlock, openBlock, openedEvents } from './content-block.ts';
import { UsageCount } from './usage.ts';

export interface DecoderContext extends Omit<BlockContext, 'mark'> {
  readonly failures: FailureContext;
  /** The limit of the answer, for the error when it did not fit. */
  readonly maxTokens: number;
}

/** Far above any real answer. Beyond it the server is taken for broken. */
const MAX_RESPONSE_CHARS = 128 * 1024 * 1024;
/** Ways to end in the middle of things: what may be cut off is not taken for whole. */
const CUT_REASONS: ReadonlySet<string | null> = new Set(['max_tokens', 'model_context_window_exceeded', 'refusal']);
const REFUSED = 'The provider ended this answer: the model refuses to go on';

/** Reads one response of the Messages API. */
export class MessagesDecoder implements ResponseDecoder {
  readonly #context: DecoderContext;
  readonly #blockContext: BlockContext;
  readonly #mark = new ResponseMark();
  readonly #open = new Map<number, ContentBlock>();
  /** Calls that wait for how the response ended. */
  #doubtful: ResponseItem[] = [];
  readonly #usage = new UsageCount();
  #responseId = '';
  #stopReason: string | null = null;
  /** What the provider says of a refusal. */
  #explanation: string | null = null;
  #places = 0;
  #hasStarted = false;
  #chars = 0;

  constructor(context: DecoderContext) {
    this.#context = context;
    this.#blockContext = { ...context, mark: this.#mark };
  }

  /**
   * Adds the events of one data payload: none for what is not JSON or has no known type. Throws a ModelError for a response
   * that failed, or ended before its answer was complete.
   */
  decode(data: string, events: ModelEvent[]): void {
    this.#chars += data.length;
    if (this.#chars > MAX_RESPONSE_CHARS) {
      throw new ModelError('responseStreamDisconnected', 'the response is longer than any answer', { phase: 'stream' });
    }
    const event = asObject(parseJson(data));
    if (event !== null) for (const one of this.#decodeEvent(event)) events.push(one);
  }

  end(): never {
    throw streamLost('stream closed before message_stop', this.#context.failures);
  }

  #decodeEvent(event: JsonObject): readonly ModelEvent[] {
    switch (stringField(event, 'type')) {
      case 'message_start':
        return this.#started(objectField(event, 'message'));
      case 'content_block_start':
        return this.#opened(event);
      case 'content_block_delta':
        return this.#open.get(indexOf(event))?.delta(objectField(event, 'delta') ?? {}) ?? [];
      case 'content_block_stop':
        return this.#close(indexOf(event));
      case 'message_delta':
        return this.#ending(event);
      case 'message_stop':
        return this.#ended();
      default:
        return [];
    }
  }

  #started(message: JsonObject | null): readonly ModelEvent[] {
    if (message === null) return [];
    const isFirst = !this.#hasStarted;
    this.#hasStarted = true;
    this.#responseId ||= stringField(message, 'id') ?? '';
    this.#usage.add(objectField(message, 'usage'));
    // A gateway may start the answer again halfway: what was sent until then counts.
    return isFirst ? [{ type: 'created' }] : [...this.#open.keys()].flatMap((index) => this.#leftOpen(index));
  }

  #opened(event: JsonObject): readonly ModelEvent[] {
    const start = objectField(event, 'content_block');
    const before = this.#leftOpen(indexOf(event));
    const block = start === null ? null : openBlock(start, this.#places, this.#blockContext);
    if (block === null) return before;
    this.#places += 1;
    this.#open.set(indexOf(event), block);
    return [...before, ...openedEvents(block)];
  }

  /** Closes a block whose end was never sent, when another takes its place. A call that may be cut off is dropped. */
  #leftOpen(index: number): readonly ModelEvent[] {
    const block = this.#open.get(index);
    if (block?.isDoubtful) this.#open.delete(index);
    return this.#close(index);
  }

  #close(index: number): readonly ModelEvent[] {
    const block = this.#open.get(index);
    this.#open.delete(index);
    const item = block?.item ?? null;
    if (block === undefined || item === null) return [];
    if (block.isDoubtful || this.#doubtful.length > 0) {
      this.#doubtful.push(item);
      return [];
    }
    return [itemDone(item)];
  }

  #ending(event: JsonObject): readonly ModelEvent[] {
    this.#usage.add(objectField(event, 'usage'));
    const delta = objectField(event, 'delta');
    this.#stopReason = stringField(delta, 'stop_reason') ?? this.#stopReason;
    this.#explanation = stringField(objectField(delta, 'stop_details'), 'explanation') ?? this.#explanation;
    return this.#stopReason === null ? [] : this.#decided();
  }

  /** Calls that were written to their end. */
  #decided(): readonly ModelEvent[] {
    const items = this.#doubtful;
    this.#doubtful = [];
    return CUT_REASONS.has(this.#stopReason) ? [] : items.map(itemDone);
  }

  #ended(): readonly ModelEvent[] {
    const { failures, maxTokens } = this.#context;
    // What a server forgot to close is whole when the message is.
    const unclosed = [...this.#open.values()].flatMap(({ item }) => item ?? []);
    this.#open.clear();
    this.#doubtful.push(...unclosed);
    const decided = this.#decided();
    switch (this.#stopReason) {
      case 'max_tokens':
        throw incompleteResponse(`max_tokens (the answer was held to ${maxTokens}; see model_max_output_tokens)`);
      case 'model_context_window_exceeded':
        throw responseFailure(namedFailure('context_length_exceeded', this.#stopReason), failures);
      case 'pause_turn':
        return [...decided, { ...this.#completed(), goesOn: true }];
      case 'refusal':
        return [this.#refused(), this.#completed()];
      default:
        return [...decided, this.#completed()];
    }
  }

  #completed() {
    const cache = this.#usage.cache();
    const usage = this.#usage.total();
    return { type: 'completed', responseId: this.#responseId, usage, ...(cache === null ? {} : { cache }) } as const;
  }

  /** A message in the model's place, so that what it said until then isn't taken for a whole answer. */
  #refused(): ModelEvent {
    const why = serverText(this.#explanation ?? '', this.#context.failures.secrets);
    const content = [{ type: 'output_text' as const, text: `[${REFUSED}.${why === '' ? '' : ` ${why}`}]` }];
    return itemDone({ type: 'message', id: this.#mark.idOf('msg', this.#places), role: 'assistant', content });
  }
}

function itemDone(item: ResponseItem): ModelEvent {
  return { type: 'itemDone', item };
}

function indexOf(event: JsonObject): number {
  return numberField(event, 'index') ?? 0;
}
