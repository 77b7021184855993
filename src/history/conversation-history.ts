import type { ResponseItem, TokenUsage, TokenUsageInfo } from '../protocol/index.ts';
import { isCall, isOutput, pairKey, pairUp } from './pairs.ts';
import { asKept, isRecordable } from './recordable.ts';
import { addUsage, fillWindow } from './token-info.ts';

/** Told of every repair: a history that keel wrote itself should need none. */
export type RepairListener = (what: string) => void;

/**
 * The conversation as the model knows it, and the only place that adds, removes, repairs or cuts response items. Items are
 * immutable and keep their identity, so that what was serialised for one request serves the next.
 *
 * Recording costs the same however long the thread is: the prompt's form is kept and only its tail is touched. It is made
 * anew after what rewrites the middle: a repair, a removal, a replacement, a user message that ends an earlier reasoning.
 */
export class ConversationHistory {
  #items: ResponseItem[] = [];
  #tokenInfo: TokenUsageInfo | null = null;
  /** Calls without an output yet. */
  readonly #open = new Set<string>();
  /** What `forPrompt` gives, kept up to date while nothing needs repair; null when it has to be made anew. */
  #prompt: ResponseItem[] | null = [];
  /** Whether reasoning stands in `#prompt`, to be dropped by the next user message. */
  #hasReasoning = false;
  readonly #onRepair: RepairListener;

  constructor(onRepair: RepairListener = () => undefined) {
    this.#onRepair = onRepair;
  }

  get items(): readonly ResponseItem[] {
    return this.#items;
  }

  get tokenInfo(): TokenUsageInfo | null {
    return this.#tokenInfo;
  }

  /** Adds items in order; an output goes directly behind its call, live and rebuilt alike. */
  record(items: readonly ResponseItem[]): void {
    for (const item of items) if (isRecordable(item)) this.#add(asKept(item));
  }

  /**
   * The input of the next request: every call with its output, no snapshots, and no reasoning of earlier turns (whatever
   * stands before the last user message). The stored items stay.
   */
  forPrompt(): readonly ResponseItem[] {
    if (this.#open.size > 0) return this.#rebuilt();
    if (!this.#prompt) {
      this.#prompt = this.#rebuilt();
      this.#hasReasoning = this.#prompt.some((item) => item.type === 'reasoning');
    }
    return this.#prompt.slice();
  }

  /** Drops the oldest item and, if it belongs to a pair, the other half. */
  removeFirst(): void {
    const [first, ...rest] = this.#items;
    if (!first) return;
    const key = isCall(first) || isOutput(first) ? pairKey(first) : null;
    const other = rest.findIndex((item) => key !== null && (isCall(item) || isOutput(item)) && pairKey(item) === key);
    if (other !== -1) rest.splice(other, 1);
    this.replace(rest);
  }

  /** Puts other items in place of all; the token counts stay. */
  replace(items: readonly ResponseItem[]): void {
    this.#items = [];
    this.#open.clear();
    this.#prompt = [];
    this.#hasReasoning = false;
    this.record(items);
  }

  clone(): ConversationHistory {
    const copy = new ConversationHistory(this.#onRepair);
    copy.replace(this.#items);
    copy.#tokenInfo = this.#tokenInfo;
    return copy;
  }

  /** Adds what a response used; null when the provider told nothing. `window` is the model's usable window. */
  updateTokenInfo(usage: TokenUsage | null, window: number | null): void {
    this.#tokenInfo = addUsage(this.#tokenInfo, usage, window);
  }

  /** The provider said that the window is full. */
  setFull(window: number): void {
    this.#tokenInfo = fillWindow(this.#tokenInfo, window);
  }

  /** As read back from a rollout. */
  restoreTokenInfo(info: TokenUsageInfo | null): void {
    this.#tokenInfo = info;
  }

  #add(item: ResponseItem): void {
    if (isOutput(item)) return this.#addOutput(item);
    if (isCall(item)) {
      const key = pairKey(item);
      if (key !== null) this.#open.add(key);
    }
    this.#items.push(item);
    if (!this.#prompt || item.type === 'ghost_snapshot') return;
    if (item.type === 'reasoning') this.#hasReasoning = true;
    if (this.#hasReasoning && item.type === 'message' && item.role === 'user') {
      this.#prompt = this.#prompt.filter((earlier) => earlier.type !== 'reasoning');
      this.#hasReasoning = false;
    }
    this.#prompt.push(item);
  }

  #addOutput(item: ResponseItem & { call_id: string }): void {
    const key = isOutput(item) ? pairKey(item) : null;
    const isAnswer = (candidate: ResponseItem) => isCall(candidate) && pairKey(candidate) === key;
    if (key === null || !this.#open.delete(key)) {
      // Whose call this was isn't known; the repair decides when the history is read.
      this.#items.push(item);
      this.#prompt = null;
      return;
    }
    insertBehind(this.#items, isAnswer, item);
    if (this.#prompt) insertBehind(this.#prompt, isAnswer, item);
  }

  #rebuilt(): ResponseItem[] {
    const { items, repairs } = pairUp(this.#items);
    for (const repair of repairs) this.#onRepair(repair);
    const lastUser = items.findLastIndex((item) => item.type === 'message' && item.role === 'user');
    return items.filter((item, at) => item.type !== 'ghost_snapshot' && (item.type !== 'reasoning' || at > lastUser));
  }
}

/** Inserts behind the last item that fits, which is near the end: calls are answered in the response they came with. */
function insertBehind(items: ResponseItem[], fits: (item: ResponseItem) => boolean, item: ResponseItem): void {
  const at = items.findLastIndex(fits);
  items.splice(at + 1, 0, item);
}
