import type { CallItem, ContentItem, ReasoningItem, ResponseItem } from '../../protocol/index.ts';
import { freeformArguments } from '../freeform-function.ts';
import { parseJson } from '../json-fields.ts';
import { IMAGE_STAND_IN } from '../sent-words.ts';
import { sendableWord } from '../wire-names.ts';

/** How messages differ from one model to another. */
export interface MessageForm {
  /** False: a text that names the lack stands in for every image. */
  readonly withImages: boolean;
  /** Whose thoughts can be sent back. */
  readonly thinker: { readonly provider: string; readonly model: string };
}

/** What the model said in one go: a text, the thought before it, the calls behind it. */
interface AssistantMessage {
  readonly role: 'assistant';
  content: string | null;
  tool_calls?: object[];
  [thought: string]: unknown;
}

/**
 * The messages of an input, in order. Calls that follow each other, and the text before them, are one message; a thought
 * goes with what the model said or did right after it, in the field in which it came.
 */
export class MessageList {
  readonly #form: MessageForm;
  #closed: object[] = [];
  #open: AssistantMessage | null = null;
  #thought: ThoughtFields = {};

  constructor(form: MessageForm) {
    this.#form = form;
  }

  add(item: ResponseItem): void {
    switch (item.type) {
      case 'message':
        return item.role === 'assistant' ? this.#said(textOf(item.content)) : this.#heard(item.role, item.content);
      case 'reasoning':
        this.#thought = joined(this.#thought, thoughtFields(item, this.#form));
        return;
      case 'function_call':
      case 'custom_tool_call':
      case 'local_shell_call':
        return this.#called(item);
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#close({ role: 'tool', tool_call_id: item.call_id, content: this.#content(item.output) });
      case 'web_search_call':
      case 'ghost_snapshot':
        return;
    }
  }

  /** What the model said last, to which calls may still come. */
  get open(): object | null {
    return this.#open;
  }

  /** Messages that do not change any more and have not been taken yet. */
  takeClosed(): readonly object[] {
    const taken = this.#closed;
    this.#closed = [];
    return taken;
  }

  /** Servers of this API know a `developer` only as who sets up the conversation. */
  #heard(role: string, content: readonly ContentItem[]): void {
    this.#thought = {};
    this.#close({ role: role === 'developer' ? 'system' : role, content: this.#content(content) });
  }

  #said(content: string): void {
    if (content === '') return;
    this.#close();
    this.#begin(content);
  }

  #called(call: CallItem): void {
    // A thought that came between stands before what came of it.
    if (Object.keys(this.#thought).length > 0) this.#close();
    const open = this.#open ?? this.#begin(null);
    open.tool_calls = [...(open.tool_calls ?? []), sentCall(call)];
  }

  #begin(content: string | null): AssistantMessage {
    const begun: AssistantMessage = { role: 'assistant', content, ...this.#thought };
    this.#thought = {};
    this.#open = begun;
    return begun;
  }

  #close(next?: object): void {
    if (this.#open !== null) this.#closed.push(this.#open);
    this.#open = null;
    if (next !== undefined) this.#closed.push(next);
  }

  /** A plain text where there is nothing else, which every server takes. */
  #content(content: string | readonly ContentItem[]): string | readonly object[] {
    if (typeof content === 'string') return content;
    const hasImages = content.some((part) => part.type === 'input_image');
    return hasImages ? content.map((part) => this.#part(part)) : textOf(content);
  }

  #part(part: ContentItem): object {
    if (part.type !== 'input_image') return { type: 'text', text: part.text };
    if (!this.#form.withImages) return { type: 'text', text: IMAGE_STAND_IN };
    return { type: 'image_url', image_url: { url: part.image_url } };
  }
}

/** By the field in which a thought came: a text, or a list of details. */
type ThoughtFields = Readonly<Record<string, string | readonly unknown[]>>;

/** In the field in which it came, or not at all: another model's thoughts mean nothing to this one. */
export function thoughtFields(
  { origin, content, encrypted_content }: ReasoningItem,
  { thinker }: MessageForm,
): ThoughtFields {
  if (origin?.provider !== thinker.provider || origin.model !== thinker.model) return {};
  const text = (content ?? []).map((part) => part.text).join('');
  switch (origin.field) {
    case 'reasoning':
    case 'reasoning_content':
      return text === '' ? {} : { [origin.field]: text };
    case 'reasoning_details': {
      const details = parseJson(encrypted_content ?? '');
      return Array.isArray(details) ? { reasoning_details: details } : {};
    }
    default:
      return {};
  }
}

/** Several thoughts before one message are told as one. */
function joined(before: ThoughtFields, next: ThoughtFields): ThoughtFields {
  const all = { ...before };
  for (const [field, thought] of Object.entries(next)) {
    const known = all[field];
    if (typeof known === 'string' && typeof thought === 'string') all[field] = known + thought;
    else if (Array.isArray(known) && Array.isArray(thought)) all[field] = [...known, ...thought];
    else all[field] = thought;
  }
  return all;
}

function textOf(content: readonly ContentItem[]): string {
  return content.map((part) => (part.type === 'input_image' ? '' : part.text)).join('');
}

function sentCall(call: CallItem): object {
  const name = call.type === 'local_shell_call' ? 'local_shell' : sendableWord(call.name);
  return { id: call.call_id ?? '', type: 'function', function: { name, arguments: argumentsOf(call) } };
}

function argumentsOf(call: CallItem): string {
  switch (call.type) {
    case 'function_call':
      return call.arguments;
    case 'custom_tool_call':
      return freeformArguments(call.input);
    case 'local_shell_call':
      return JSON.stringify(call.action);
  }
}
