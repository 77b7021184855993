import type {
  ContentItem,
  LocalShellCallItem,
  MessageItem,
  OutputContentItem,
  ResponseItem,
} from '../../../foundation/protocol/index.ts';
import { assertNever } from '../../../foundation/util/index.ts';
import type { WireQuirks } from '../../catalogue/index.ts';
import { jsonText } from '../../json/index.ts';
import { IMAGE_STAND_IN, responseOf, sentFields } from '../index.ts';

/** How items differ from one provider or model to another. */
export interface SentFormOptions {
  /** Ids go along (Azure keeps responses and wants them); elsewhere they are left out. */
  readonly withIds: boolean;
  /** False: a text that names the lack replaces every image. */
  readonly withImages: boolean;
  /** Whose thoughts can be sent back. Absent: only those that name nobody. */
  readonly thinker?: { readonly provider: string; readonly model: string };
  /** Absent: as received. */
  readonly quirks?: Pick<WireQuirks, 'reasoningField' | 'extraFields' | 'callIds'>;
}

type ReasoningItem = Extract<ResponseItem, { type: 'reasoning' }>;

/** The JSON text of an item as it is sent, or null for an item that no model sees. */
export function itemJson(item: ResponseItem, options: SentFormOptions): string | null {
  const sent = sentForm(item, options);
  return sent === null ? null : jsonText(sent);
}

/** An item with exactly the fields that are sent, in their order; null when it is not sent at all. */
function sentForm(item: ResponseItem, options: SentFormOptions): object | null {
  const bare = withoutId(item, options);
  const sent = bare === null ? null : { ...bare, ...ownFields(item, options) };
  // An id that another API's response was marked with means nothing here.
  if (sent === null || !options.withIds || !('id' in item) || !item.id || responseOf(item) !== null) return sent;
  return { ...sent, id: item.id };
}

function ownFields(item: ResponseItem, { thinker, quirks }: SentFormOptions): object {
  const provider = quirks?.extraFields === 'omitted' ? null : (thinker?.provider ?? null);
  return 'extra' in item ? sentFields(item, provider).fields : {};
}

function withoutId(item: ResponseItem, options: SentFormOptions): object | null {
  switch (item.type) {
    case 'message':
      return sentMessage(item, options);
    case 'reasoning':
      return isOwnThought(item, options) ? sentReasoning(item) : null;
    case 'function_call':
      return { type: item.type, name: item.name, arguments: item.arguments, call_id: item.call_id };
    case 'function_call_output':
      return { type: item.type, call_id: item.call_id, output: sentOutput(item.output, options) };
    case 'custom_tool_call': {
      const { type, status, call_id, name, input } = item;
      return { type, ...(status ? { status } : {}), call_id, name, input };
    }
    case 'custom_tool_call_output':
      return { type: item.type, call_id: item.call_id, output: item.output };
    case 'local_shell_call':
      return sentLocalShellCall(item);
    case 'web_search_call': {
      const { type, status, action } = item;
      return { type, ...(status ? { status } : {}), ...(action ? { action } : {}) };
    }
    case 'image_generation_call': {
      const { type, id, status, result = null, provider } = item;
      return provider === options.thinker?.provider ? { type, id, status, result } : null;
    }
    case 'ghost_snapshot':
      return null;
    default:
      return assertNever(item, 'response item');
  }
}

function sentMessage({ type, role, content, phase }: MessageItem, options: SentFormOptions): object {
  const sent = { type, role, content: content.map((part) => sentContent(part, options)) };
  return phase && options.quirks?.extraFields !== 'omitted' ? { ...sent, phase } : sent;
}

/** Another model's thoughts are sealed for it, and another API's have another form. */
function isOwnThought({ origin }: ReasoningItem, { thinker, quirks }: SentFormOptions): boolean {
  if (quirks?.reasoningField === 'omitted') return false;
  if (origin === undefined) return true;
  return origin.field === undefined && origin.provider === thinker?.provider && origin.model === thinker.model;
}

/** `content` goes as null when there is none, and is left out when all of it is unencrypted text of the `text` kind. */
function sentReasoning({ type, summary, content, encrypted_content }: ReasoningItem): object {
  const blob = encrypted_content ?? null;
  const parts = summary.map((part) => ({ type: part.type, text: part.text }));
  if (content === undefined || content === null)
    return { type, summary: parts, content: null, encrypted_content: blob };
  if (!content.some((part) => part.type === 'reasoning_text')) return { type, summary: parts, encrypted_content: blob };
  const raw = content.map((part) => ({ type: part.type, text: part.text }));
  return { type, summary: parts, content: raw, encrypted_content: blob };
}

function sentLocalShellCall({ type, call_id, status, action }: LocalShellCallItem): object {
  return {
    type,
    call_id: call_id ?? null,
    status,
    action: {
      type: action.type,
      command: action.command,
      timeout_ms: action.timeout_ms ?? null,
      working_directory: action.working_directory ?? null,
      env: action.env ?? null,
      user: action.user ?? null,
    },
  };
}

function sentOutput(output: string | readonly OutputContentItem[], options: SentFormOptions): unknown {
  return typeof output === 'string' ? output : output.map((part) => sentContent(part, options));
}

function sentContent(part: ContentItem, options: SentFormOptions): object {
  if (part.type !== 'input_image') return { type: part.type, text: part.text };
  if (!options.withImages) return { type: 'input_text', text: IMAGE_STAND_IN };
  return { type: part.type, image_url: part.image_url };
}
