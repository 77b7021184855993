import { isContextMessage } from '../../context/index.ts';
import type {
  ImageGenerationItem,
  MessageItem,
  ResponseItem,
  SessionEvent,
  ThreadItem,
  ThreadItemOf,
  UserInput,
  WebSearchCallItem,
} from '../../foundation/protocol/index.ts';
import type { ModelEvent } from '../../models/prompt/index.ts';

export interface ItemEventsOptions {
  readonly turnId: string;
  readonly emit: (event: SessionEvent) => void;
  /** Prefix of the id of an item to which the model gave none; unique for the response, the same on replay. */
  readonly idPrefix: string;
  readonly showRawReasoning: boolean;
}

type OpenKind = 'agentMessage' | 'reasoning' | 'webSearch' | 'imageGeneration';

/**
 * Emits the items of a response while it is read: an item starts with the first event that names it, its text follows as
 * deltas, and the finished item completes it. An item whose response broke off is never completed.
 */
export class ItemEvents {
  readonly #options: ItemEventsOptions;
  /** The item that is being written, by the kind of its deltas. A model writes one of a kind at a time. */
  readonly #open = new Map<OpenKind, string>();
  #minted = { agentMessage: 0, reasoning: 0, webSearch: 0, imageGeneration: 0 };

  constructor(options: ItemEventsOptions) {
    this.#options = options;
  }

  /** Emits what a stream event shows of an item that is not finished. */
  emitProgress(event: ModelEvent): void {
    switch (event.type) {
      case 'itemAdded':
        if (event.kind === 'message') this.#openItem('agentMessage', event.itemId);
        if (event.kind === 'reasoning') this.#openItem('reasoning', event.itemId);
        if (event.kind === 'image') this.#openItem('imageGeneration', event.itemId);
        return;
      case 'webSearchBegin':
        this.#openItem('webSearch', event.callId);
        return;
      case 'textDelta':
        return this.#emitDelta(this.#openItem('agentMessage', event.itemId), 'agentMessage', event.delta);
      case 'reasoningSummaryDelta':
        return this.#emitDelta(this.#openItem('reasoning', event.itemId), 'reasoningSummary', event.delta, event.index);
      case 'reasoningContentDelta':
        if (!this.#options.showRawReasoning) return;
        return this.#emitDelta(this.#openItem('reasoning', event.itemId), 'reasoningText', event.delta, event.index);
      default:
        return;
    }
  }

  /** Emits a finished item. Calls are emitted by their tools, outputs and snapshots not at all. */
  emitFinished(item: ResponseItem): void {
    const { turnId, emit, showRawReasoning } = this.#options;
    const shown = shownItem(item, showRawReasoning, (kind, itemId) => this.#idOf(kind, itemId));
    if (shown === null) return;
    if (!this.#open.has(shown.type)) this.#emitStarted(shown.type, shown.id);
    this.#open.delete(shown.type);
    emit({ type: 'item.completed', turnId, item: shown });
  }

  #idOf(kind: OpenKind, itemId: string | null | undefined): string {
    return this.#open.get(kind) ?? (itemId || this.#mint(kind));
  }

  #mint(kind: OpenKind): string {
    const count = this.#minted[kind];
    this.#minted[kind] = count + 1;
    return mintedId(this.#options.idPrefix, kind, count);
  }

  #openItem(kind: OpenKind, itemId: string | null): string {
    const open = this.#open.get(kind);
    if (open !== undefined) return open;
    const id = itemId || this.#mint(kind);
    this.#emitStarted(kind, id);
    this.#open.set(kind, id);
    return id;
  }

  #emitStarted(kind: OpenKind, id: string): void {
    this.#options.emit({ type: 'item.started', turnId: this.#options.turnId, item: emptyItem(kind, id) });
  }

  #emitDelta(
    itemId: string,
    part: 'agentMessage' | 'reasoningSummary' | 'reasoningText',
    delta: string,
    index?: number,
  ): void {
    const { turnId, emit } = this.#options;
    const event = { type: 'item.delta', turnId, itemId, part, delta } as const;
    emit(index === undefined ? event : { ...event, index });
  }
}

function mintedId(idPrefix: string, kind: OpenKind, count: number): string {
  return `${idPrefix}-${kind}-${count}`;
}

/** What people see of a finished item; null for calls, outputs, and what a user or keel said. */
function shownItem(
  item: ResponseItem,
  showRawReasoning: boolean,
  idOf: (kind: OpenKind, itemId: string | null | undefined) => string,
): ThreadItemOf<OpenKind> | null {
  switch (item.type) {
    case 'message': {
      if (item.role !== 'assistant') return null;
      const text = item.content.map((part) => (part.type === 'output_text' ? part.text : '')).join('');
      return { type: 'agentMessage', id: idOf('agentMessage', item.id), text };
    }
    case 'reasoning': {
      const raw = showRawReasoning ? (item.content ?? []) : [];
      return {
        type: 'reasoning',
        id: idOf('reasoning', item.id),
        summary: item.summary.map((part) => part.text),
        content: raw.map((part) => part.text),
      };
    }
    case 'web_search_call':
      return { type: 'webSearch', id: idOf('webSearch', item.id), ...searchOf(item) };
    case 'image_generation_call':
      return { type: 'imageGeneration', id: idOf('imageGeneration', item.id), ...pictureOf(item) };
    default:
      return null;
  }
}

function emptyItem(kind: OpenKind, id: string): ThreadItem {
  switch (kind) {
    case 'agentMessage':
      return { type: kind, id, text: '' };
    case 'reasoning':
      return { type: kind, id, summary: [], content: [] };
    case 'webSearch':
      return { type: kind, id, query: '', action: null };
    case 'imageGeneration':
      return { type: kind, id, prompt: '', url: null };
  }
}

function searchOf({ action }: WebSearchCallItem): Pick<ThreadItemOf<'webSearch'>, 'query' | 'action'> {
  const query = action?.query ?? '';
  const url = action?.url ?? '';
  const pattern = action?.pattern ?? '';
  switch (action?.type) {
    case 'search':
      return { query, action: { type: 'search', query } };
    case 'open_page':
      return { query: url, action: { type: 'openPage', url } };
    case 'find_in_page':
      return { query: `${pattern} in ${url}`, action: { type: 'findInPage', url, pattern } };
    default:
      return { query, action: { type: 'other' } };
  }
}

/** How base64 of the other formats begins; providers make PNG unless they are asked for one of these. */
const OTHER_FORMATS = [
  ['/9j/', 'jpeg'],
  ['UklGR', 'webp'],
] as const;

function pictureOf({ result, revised_prompt }: ImageGenerationItem): { prompt: string; url: string | null } {
  const prompt = revised_prompt ?? '';
  if (!result) return { prompt, url: null };
  const [, format] = OTHER_FORMATS.find(([head]) => result.startsWith(head)) ?? ['', 'png'];
  return { prompt, url: `data:image/${format};base64,${result}` };
}

/** A recorded item as people saw it; nothing for context, calls and outputs. */
export function threadItemsOf(item: ResponseItem, idPrefix: string): ThreadItem[] {
  if (item.type === 'message' && item.role === 'user') {
    if (isContextMessage(item)) return [];
    return [{ type: 'userMessage', id: `${idPrefix}-user`, content: shownInput(item) }];
  }
  const shown = shownItem(item, false, (kind, itemId) => itemId || mintedId(idPrefix, kind, 0));
  return shown === null ? [] : [shown];
}

/** A user message as its user sent it. */
export function shownInput(message: MessageItem): UserInput[] {
  return message.content.map((part) =>
    part.type === 'input_image' ? { type: 'image', url: part.image_url } : { type: 'text', text: part.text },
  );
}
