import type { CallItem, ContentItem, ResponseItem } from '../../../foundation/protocol/index.ts';
import type { WireQuirks } from '../../catalogue/index.ts';
import { freeformArguments, IMAGE_STAND_IN, sendableArguments, sendableWord, sentFields } from '../index.ts';
import { type Thinker, thoughtFields } from './thoughts.ts';

/** How messages differ from one server and model to another. */
export interface MessageForm {
  /** False: a text that names the lack replaces every image. */
  readonly withImages: boolean;
  /** Whose thoughts and fields of their own can be sent back. */
  readonly thinker: Thinker;
  readonly quirks: WireQuirks;
}

/** Documented by Google for calls that its models did not make. */
const SKIPPED_SIGNATURE = { extra_content: { google: { thought_signature: 'skip_thought_signature_validator' } } };
const NEXT_MESSAGE = '[an image; it is in the next message]';

/** A plain text where there is nothing else, which every server takes. */
export function sentContent(content: string | readonly ContentItem[], form: MessageForm): string | readonly object[] {
  if (typeof content === 'string') return content;
  const hasImages = content.some((part) => part.type === 'input_image');
  return hasImages ? content.map((part) => sentPart(part, form)) : textOf(content);
}

function sentPart(part: ContentItem, { withImages }: MessageForm): object {
  if (part.type !== 'input_image') return { type: 'text', text: part.text };
  if (!withImages) return { type: 'text', text: IMAGE_STAND_IN };
  return { type: 'image_url', image_url: { url: part.image_url } };
}

export function textOf(content: readonly ContentItem[]): string {
  return content.map((part) => (part.type === 'input_image' ? '' : part.text)).join('');
}

/** A result: its text, and its pictures, which this API takes from a user alone. */
export interface SentResult {
  readonly text: string;
  readonly pictures: readonly object[];
}

export function sentResult(output: string | readonly ContentItem[], form: MessageForm): SentResult {
  if (typeof output === 'string') return { text: output, pictures: [] };
  const images = output.filter((part) => part.type === 'input_image');
  if (images.length === 0) return { text: textOf(output), pictures: [] };
  const standIn = form.withImages ? NEXT_MESSAGE : IMAGE_STAND_IN;
  const texts = output.map((part) => (part.type === 'input_image' ? standIn : part.text));
  return { text: texts.join('\n'), pictures: form.withImages ? images.map((part) => sentPart(part, form)) : [] };
}

export function sentCall(call: CallItem, { thinker, quirks }: MessageForm, isFirst: boolean): object {
  const { fields, function: called } = sentFields(
    call.type === 'local_shell_call' ? {} : call,
    allowed(thinker, quirks),
  );
  const name = call.type === 'local_shell_call' ? 'local_shell' : sendableWord(call.name);
  const signature = isFirst && quirks.callSignature === 'required' ? SKIPPED_SIGNATURE : {};
  return {
    id: call.call_id ?? '',
    type: 'function',
    function: { name, arguments: argumentsOf(call), ...called },
    ...signature,
    ...fields,
  };
}

/** Whose own fields go along. */
export function allowed(thinker: Thinker, { extraFields }: WireQuirks): string | null {
  return extraFields === 'omitted' ? null : thinker.provider;
}

function argumentsOf(call: CallItem): string {
  switch (call.type) {
    case 'function_call':
      return sendableArguments(call.arguments);
    case 'custom_tool_call':
      return freeformArguments(call.input);
    case 'local_shell_call':
      return JSON.stringify(call.action);
  }
}

/** What of an item is sent, by itself; null for one that is not sent. */
export function itemForm(item: ResponseItem, form: MessageForm): object | null {
  switch (item.type) {
    case 'message':
      return { role: item.role, content: sentContent(item.content, form) };
    case 'reasoning': {
      const fields = thoughtFields(item, form.thinker, form.quirks.reasoningField);
      return Object.keys(fields).length === 0 ? null : fields;
    }
    case 'function_call':
    case 'custom_tool_call':
    case 'local_shell_call':
      return { role: 'assistant', content: null, tool_calls: [sentCall(item, form, false)] };
    case 'function_call_output':
    case 'custom_tool_call_output':
      return { role: 'tool', tool_call_id: item.call_id, content: sentContent(item.output, form) };
    case 'web_search_call':
    case 'image_generation_call':
    case 'ghost_snapshot':
      return null;
  }
}
