import type { ReasoningItem, ResponseItem } from '../../../foundation/protocol/index.ts';
import { asObject, type JsonObject, objectField, parseJson, stringField } from '../../json/index.ts';
import type { ModelEvent } from '../../prompt/index.ts';
import type { OfferedTools, ResponseMark } from '../index.ts';
import { freeformInput } from '../index.ts';

/** What every block of a response has in common. */
export interface BlockContext {
  readonly tools: OfferedTools;
  readonly origin: { readonly provider: string; readonly model: string };
  /** Thoughts come as summaries that are meant to be shown. */
  readonly thoughtsAreSummaries: boolean;
  readonly mark: ResponseMark;
}

/** A part of a response while it is streamed. */
export interface ContentBlock {
  /** What a delta of it shows; nothing for one that belongs to another kind of block. */
  delta(delta: JsonObject): readonly ModelEvent[];
  /** The finished item; null for a block that leaves none. */
  readonly item: ResponseItem | null;
  /** The item may have been cut off: how the response ended has to be known first. */
  readonly isDoubtful: boolean;
}

/** The block that starts with this event; null for a kind that keel does not use. */
export function openBlock(start: JsonObject, place: number, context: BlockContext): ContentBlock | null {
  switch (stringField(start, 'type')) {
    case 'text':
      return new TextBlock(start, place, context);
    case 'thinking':
      return new ThinkingBlock(start, place, context);
    case 'redacted_thinking':
      return new RedactedBlock(start, place, context);
    case 'tool_use':
      return new ToolUseBlock(start, place, context);
    case 'server_tool_use':
      return stringField(start, 'name') === 'web_search' ? new SearchBlock(start) : null;
    default:
      return null;
  }
}

/** How a block announces itself. */
export function openedEvents(block: ContentBlock): readonly ModelEvent[] {
  if (block instanceof ThinkingBlock) return [{ type: 'itemAdded', itemId: block.id, kind: 'reasoning' }];
  if (block instanceof SearchBlock) return [{ type: 'webSearchBegin', callId: block.id }];
  return block instanceof ToolUseBlock ? [{ type: 'itemAdded', itemId: block.id, kind: 'other' }] : [];
}

class TextBlock implements ContentBlock {
  readonly isDoubtful = false;
  readonly #id: string;
  readonly #citations: JsonObject[];
  #text: string;
  #isBlank: boolean;

  constructor(start: JsonObject, place: number, { mark }: BlockContext) {
    this.#id = mark.idOf('msg', place);
    this.#text = stringField(start, 'text') ?? '';
    this.#isBlank = this.#text.trim() === '';
    const given = start['citations'];
    this.#citations = Array.isArray(given) ? given.map(asObject).filter((one) => one !== null) : [];
  }

  /** White space at the start is shown with what follows: alone it isn't a message. */
  delta(delta: JsonObject): readonly ModelEvent[] {
    const citation = objectField(delta, 'citation');
    if (citation !== null) this.#citations.push(citation);
    const text = stringField(delta, 'text') ?? '';
    this.#text += text;
    const wasBlank = this.#isBlank;
    this.#isBlank &&= text.trim() === '';
    if (text === '' || this.#isBlank) return [];
    return [{ type: 'textDelta', itemId: this.#id, delta: wasBlank ? this.#text : text }];
  }

  get item(): ResponseItem | null {
    if (this.#isBlank) return null;
    const annotations = this.#citations.flatMap((one) => annotationOf(one, this.#text) ?? []);
    const part = { type: 'output_text' as const, text: this.#text, ...(annotations.length > 0 ? { annotations } : {}) };
    return { type: 'message', id: this.#id, role: 'assistant', content: [part] };
  }
}

/**
 * A citation as an annotation of the Responses API, which is keel's form: a page is a `url_citation` of the whole block, since a
 * block is what its citations are for. What isn't a page stays as it is; null for what has no type.
 */
function annotationOf(citation: JsonObject, { length }: string): { type: string } | null {
  const type = stringField(citation, 'type');
  const url = stringField(citation, 'url');
  if (type === null) return null;
  if (url === null) return { ...citation, type };
  const { title, cited_text } = citation;
  return {
    ...{ type: 'url_citation', url, start_index: 0, end_index: length },
    ...(typeof title === 'string' ? { title } : {}),
    ...(typeof cited_text === 'string' ? { cited_text } : {}),
  };
}

class ThinkingBlock implements ContentBlock {
  readonly isDoubtful = false;
  readonly id: string;
  readonly #context: BlockContext;
  #text: string;
  #signature: string;

  constructor(start: JsonObject, place: number, context: BlockContext) {
    this.id = context.mark.idOf('rs', place);
    this.#context = context;
    this.#text = stringField(start, 'thinking') ?? '';
    this.#signature = stringField(start, 'signature') ?? '';
  }

  delta(delta: JsonObject): readonly ModelEvent[] {
    this.#signature += stringField(delta, 'signature') ?? '';
    const text = stringField(delta, 'thinking') ?? '';
    this.#text += text;
    if (text === '') return [];
    const type = this.#context.thoughtsAreSummaries ? 'reasoningSummaryDelta' : 'reasoningContentDelta';
    return [{ type, itemId: this.id, index: 0, delta: text }];
  }

  get item(): ReasoningItem | null {
    if (this.#text === '' && this.#signature === '') return null;
    const { origin, thoughtsAreSummaries } = this.#context;
    const isShown = thoughtsAreSummaries && this.#text !== '';
    return {
      type: 'reasoning',
      id: this.id,
      summary: isShown ? [{ type: 'summary_text', text: this.#text }] : [],
      ...(isShown || this.#text === '' ? {} : { content: [{ type: 'reasoning_text', text: this.#text }] }),
      encrypted_content: this.#signature === '' ? null : this.#signature,
      origin: { ...origin, field: 'thinking' },
    };
  }
}

/** A thought that the provider shows to nobody, and wants back. */
class RedactedBlock implements ContentBlock {
  readonly isDoubtful = false;
  readonly item: ReasoningItem | null;

  constructor(start: JsonObject, place: number, { mark, origin }: BlockContext) {
    const data = stringField(start, 'data');
    this.item =
      data === null
        ? null
        : {
            type: 'reasoning',
            id: mark.idOf('rs', place),
            summary: [],
            encrypted_content: data,
            origin: { ...origin, field: 'redacted_thinking' },
          };
  }

  delta(): readonly ModelEvent[] {
    return [];
  }
}

/** A search that the provider runs. What it found follows in a block that only the model reads. */
class SearchBlock implements ContentBlock {
  readonly isDoubtful = false;
  readonly id: string;
  readonly #start: JsonObject;
  #input = '';

  constructor(start: JsonObject) {
    this.id = stringField(start, 'id') ?? '';
    this.#start = start;
  }

  delta(delta: JsonObject): readonly ModelEvent[] {
    this.#input += stringField(delta, 'partial_json') ?? '';
    return [];
  }

  get item(): ResponseItem {
    const input = this.#input === '' ? objectField(this.#start, 'input') : asObject(parseJson(this.#input));
    const query = stringField(input, 'query') ?? '';
    return { type: 'web_search_call', id: this.id, status: 'completed', action: { type: 'search', query } };
  }
}

class ToolUseBlock implements ContentBlock {
  readonly id: string;
  readonly #tools: OfferedTools;
  readonly #wireName: string;
  readonly #callId: string;
  /** Some servers give the whole input at once. */
  readonly #given: JsonObject;
  #json = '';

  constructor(start: JsonObject, place: number, { mark, tools }: BlockContext) {
    this.#tools = tools;
    this.#wireName = stringField(start, 'name') ?? '';
    this.id = mark.idOf(tools.isFreeform(this.#wireName) ? 'ctc' : 'fc', place);
    this.#callId = stringField(start, 'id') || `toolu_${this.id}`;
    this.#given = objectField(start, 'input') ?? {};
  }

  delta(delta: JsonObject): readonly ModelEvent[] {
    this.#json += stringField(delta, 'partial_json') ?? '';
    return [];
  }

  get isDoubtful(): boolean {
    return asObject(parseJson(this.#arguments)) === null || this.#arguments === '{}';
  }

  get item(): ResponseItem {
    const name = this.#tools.nameOf(this.#wireName);
    const call = { id: this.id, name, call_id: this.#callId };
    if (!this.#tools.isFreeform(this.#wireName)) return { type: 'function_call', ...call, arguments: this.#arguments };
    return { type: 'custom_tool_call', ...call, input: freeformInput(this.#arguments) };
  }

  get #arguments(): string {
    return this.#json.trim() === '' ? JSON.stringify(this.#given) : this.#json;
  }
}
