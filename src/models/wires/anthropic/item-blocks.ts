import type {
  CallItem,
  ContentItem,
  MessageItem,
  OutputItem,
  ReasoningItem,
  ResponseItem,
} from '../../../foundation/protocol/index.ts';
import { jsonText } from '../../json/index.ts';
import { freeformArguments, sendableArguments, sendableWord } from '../index.ts';
import { imageBlock } from './image-block.ts';

/** How items differ from one model to another. */
export interface BlockForm {
  readonly withImages: boolean;
  /** Whose thoughts can be sent back: others' signatures mean nothing to a model. */
  readonly thinker: { readonly provider: string; readonly model: string };
}

/** The blocks of an item as JSON, in order; none for what this API does not see. */
export function blocksJson(item: ResponseItem, form: BlockForm): readonly string[] {
  switch (item.type) {
    case 'message':
      return messageBlocks(item, form).map(jsonText);
    case 'reasoning': {
      const block = thinkingBlock(item, form);
      return block === null ? [] : [jsonText(block)];
    }
    case 'function_call':
    case 'custom_tool_call':
    case 'local_shell_call':
      return [callJson(item)];
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [jsonText(resultBlock(item, form))];
    case 'web_search_call':
    case 'image_generation_call':
    case 'ghost_snapshot':
      return [];
  }
}

function messageBlocks({ content, role }: MessageItem, form: BlockForm): readonly object[] {
  const parts = role === 'assistant' ? content.filter((part) => part.type !== 'input_image') : content;
  return contentBlocks(parts, form);
}

/** The API refuses texts in which there is nothing to read. */
function contentBlocks(parts: readonly ContentItem[], form: BlockForm): readonly object[] {
  return parts.flatMap((part) => {
    if (part.type === 'input_image') return [imageBlock(part.image_url, form.withImages)];
    return part.text.trim() === '' ? [] : [{ type: 'text', text: part.text }];
  });
}

/** Exactly as it came, or not at all: the signature covers the exact text. */
function thinkingBlock({ origin, summary, content, encrypted_content }: ReasoningItem, form: BlockForm): object | null {
  const { thinker } = form;
  if (origin?.provider !== thinker.provider || origin.model !== thinker.model) return null;
  const secret = encrypted_content ?? null;
  switch (origin.field) {
    case 'thinking': {
      const thinking = [...summary, ...(content ?? [])].map((part) => part.text).join('');
      return { type: 'thinking', thinking, ...(secret === null ? {} : { signature: secret }) };
    }
    case 'redacted_thinking':
      return secret === null ? null : { type: 'redacted_thinking', data: secret };
    default:
      return null;
  }
}

function callJson(call: CallItem): string {
  const name = call.type === 'local_shell_call' ? 'local_shell' : sendableWord(call.name);
  const head = JSON.stringify({ type: 'tool_use', id: call.call_id ?? '', name });
  return `${head.slice(0, -1)},"input":${inputJson(call)}}`;
}

function inputJson(call: CallItem): string {
  switch (call.type) {
    case 'function_call':
      return sendableArguments(call.arguments).trim();
    case 'custom_tool_call':
      return freeformArguments(call.input);
    case 'local_shell_call':
      return JSON.stringify(call.action);
  }
}

function resultBlock({ output, call_id }: OutputItem, form: BlockForm): object {
  const content = typeof output === 'string' ? output : contentBlocks(output, form);
  return { type: 'tool_result', tool_use_id: call_id, ...(content.length === 0 ? {} : { content }) };
}
