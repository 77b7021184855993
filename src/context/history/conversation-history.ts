import type {
  CallItem,
  ElidedOutput,
  OutputItem,
  RefusedContent,
  ResponseItem,
  TokenUsage,
  TokenUsageInfo,
} from '../../foundation/protocol/index.ts';
import { ContextSize, estimateTokens } from './context-size.ts';
import { dropReasoningOfTurn, insertBehindCall, opensTurn, otherHalf } from './item-places.ts';
import { isCall, isOutput, OpenCalls, pairKey, pairUp } from './pairs.ts';
import { withPruned } from './pruning.ts';
import { asKept, isRecordable, outlivesTurn } from './recordable.ts';
import { holdsContent, withoutRefused } from './refused-items.ts';
import { addChildUsage, addUsage, filledWindow, fillWindow, isOfResponse, withTotal } from './token-info.ts';

/** Called once for every repair: a history that keel wrote itself should need none. A listener that throws makes the history strict. */
export type RepairListener = (what: string) => void;

/**
 * The conversation as the model knows it, and the only place that adds, removes, repairs or cuts response items. Items are
 * immutable and keep their identity, so that what was serialised for one request serves the next.
 *
 * The prompt is kept beside the items as a second array, of which each recording touches the tail alone. After 2,000 steps
 * that takes 0.006 ms a step, where building the prompt from all items takes 1 ms and grows with the thread. It is rebuilt
 * after what changes the middle: a repair, a removal, a replacement.
 */
export class ConversationHistory {
  #items: ResponseItem[] = [];
  #tokenInfo: TokenUsageInfo | null = null;
  #size = new ContextSize();
  #open = new OpenCalls();
  /** The array behind `forPrompt`, updated by each recording; null when it has to be rebuilt. */
  #prompt: ResponseItem[] | null = [];
  /** Keys of calls that have an output in `#prompt` that a repair made. */
  #repaired = new Set<string>();
  /** Repairs that were reported. */
  #reported = new Set<string>();
  readonly #onRepair: RepairListener;

  constructor(onRepair: RepairListener = () => undefined) {
    this.#onRepair = onRepair;
  }

  /** The stored items, as they were recorded; a snapshot. */
  get items(): readonly ResponseItem[] {
    return this.#items.slice();
  }

  get tokenInfo(): TokenUsageInfo | null {
    return this.#tokenInfo;
  }

  /** Tokens of the next request: the usage of the last response, plus an estimate of the items added since. */
  get contextTokens(): number {
    return this.#size.tokens;
  }

  /** An estimate of all items, whatever usage was reported. */
  get estimatedTokens(): number {
    return this.#items.reduce((sum, item) => sum + estimateTokens(item), 0);
  }

  /** The usage of the last response, without the items added since. */
  get measuredTokens(): number {
    return this.#size.counted;
  }

  /** Adds items in order; an output goes directly behind its call, live and rebuilt alike. */
  record(items: readonly ResponseItem[]): void {
    for (const item of items) if (isRecordable(item)) this.#add(asKept(item));
  }

  /**
   * The input of the next request: every call with its output, no snapshots, and no reasoning of earlier turns (before the
   * last user message) except where its provider expects it back. A snapshot; the stored items stay as they are.
   */
  forPrompt(): readonly ResponseItem[] {
    if (this.#prompt === null || !this.#openCallsAreRepaired()) this.#prompt = this.#rebuilt();
    return this.#prompt.slice();
  }

  /**
   * Drops the oldest items. A call and its output are dropped together and count as one. Items that `isKept` accepts stay
   * while there is any other item.
   */
  removeFirst(count = 1, isKept: (item: ResponseItem) => boolean = () => false): void {
    const gone = new Set<number>();
    let left = count;
    const spares = !this.#items.every(isKept);
    for (let at = 0; left > 0 && at < this.#items.length; at += 1) {
      const item = this.#items[at];
      if (item === undefined || gone.has(at) || (spares && isKept(item))) continue;
      gone.add(at);
      left -= 1;
      const other = otherHalf(this.#items, at, gone);
      if (other !== null) gone.add(other);
    }
    const rest = this.#items.filter((_, at) => !gone.has(at));
    this.#reset();
    for (const item of rest) this.#add(item);
  }

  /** Removes a snapshot of the work tree. No request contains it, so the size of the conversation stays. */
  removeSnapshot(id: string): void {
    this.#items = this.#items.filter((item) => item.type !== 'ghost_snapshot' || item.ghost_commit.id !== id);
  }

  /** Replaces all items; the token counts stay. */
  replace(items: readonly ResponseItem[]): void {
    this.#reset();
    this.record(items);
  }

  /** Replaces old outputs by notes; their calls stay. */
  prune(outputs: readonly ElidedOutput[]): void {
    this.#items = withPruned(this.#items, outputs, (before, after) => this.#size.replaced(before, after));
    this.#prompt = null;
  }

  /** Whether any item has content of the kind that a provider refused. */
  holds(content: RefusedContent['content']): boolean {
    return holdsContent(this.#items, content);
  }

  /** Removes content that a provider refused; a note takes its place. @returns how many items had such content */
  takeOut(refused: RefusedContent): number {
    const { items, count } = withoutRefused(this.#items, refused, (before, after) =>
      this.#size.replaced(before, after),
    );
    if (count === 0) return 0;
    this.#items = items;
    this.#prompt = null;
    return count;
  }

  /** An independent copy that shares the items themselves. */
  clone(): ConversationHistory {
    const copy = new ConversationHistory(this.#onRepair);
    copy.#items = this.#items.slice();
    copy.#tokenInfo = this.#tokenInfo;
    copy.#size = this.#size.clone();
    copy.#open = this.#open.clone();
    copy.#prompt = this.#prompt?.slice() ?? null;
    copy.#repaired = new Set(this.#repaired);
    copy.#reported = new Set(this.#reported);
    return copy;
  }

  /** Adds the usage of a response; null when the provider reported none. `window` is the model's usable window. */
  updateTokenInfo(usage: TokenUsage | null, window: number | null): void {
    this.#tokenInfo = addUsage(this.#tokenInfo, usage, window);
    if (usage !== null) this.#size.measured(usage);
  }

  /** Adds the usage of another conversation that worked for this one. */
  addChildUsage(usage: TokenUsage, window: number | null): void {
    this.#tokenInfo = addChildUsage(this.#tokenInfo, usage, window);
  }

  /** Marks the window as full, as the provider said. */
  setFull(window: number): void {
    this.#tokenInfo = fillWindow(this.#tokenInfo, window);
    this.#size.full(window);
  }

  /** Sets the totals that a rollout recorded. Call it after the items before them were recorded. */
  restoreTokenInfo(info: TokenUsageInfo | null): void {
    const before = this.#tokenInfo;
    this.#tokenInfo = info;
    if (info === null) return;
    const window = filledWindow(info);
    if (window === null) {
      if (isOfResponse(before, info)) this.#size.measured(info.last_token_usage);
      // The same mark is recorded again with new rate limits, for instance; the size was set by the first one.
    } else if (before === null || filledWindow(before) === null) this.#size.full(window);
  }

  /** Sets the total usage of a thread that was rolled back: what was used stays used, but is no longer in the window. */
  restoreTotal(total: TokenUsage): void {
    this.#tokenInfo = withTotal(this.#tokenInfo, total);
  }

  #reset(): void {
    this.#items = [];
    this.#open = new OpenCalls();
    this.#prompt = [];
    this.#repaired = new Set();
    this.#size = new ContextSize();
  }

  #add(item: ResponseItem): void {
    this.#size.added(item);
    if (isOutput(item)) return this.#addOutput(item);
    this.#items.push(item);
    if (isCall(item)) this.#addCall(item);
    if (this.#prompt === null || item.type === 'ghost_snapshot') return;
    if (opensTurn(item, this.#prompt, this.#prompt.length)) dropReasoningOfTurn(this.#prompt);
    this.#prompt.push(item);
  }

  #addCall(call: CallItem): void {
    this.#open.opened(call);
    if (this.#repaired.has(pairKey(call) ?? '')) this.#prompt = null;
  }

  #addOutput(output: OutputItem): void {
    const waiting = this.#open.answered(output);
    if (waiting === 0) {
      // An output without a call is stored and left out of every prompt.
      this.#items.push(output);
      this.#prompt = null;
      return;
    }
    insertBehindCall(this.#items, output, waiting);
    if (this.#repaired.has(pairKey(output) ?? '')) this.#prompt = null;
    if (this.#prompt) insertBehindCall(this.#prompt, output, waiting);
  }

  #openCallsAreRepaired(): boolean {
    for (const key of this.#open.keys()) if (!this.#repaired.has(key)) return false;
    return true;
  }

  #rebuilt(): ResponseItem[] {
    const { items, repairs } = pairUp(this.#items);
    this.#repaired = new Set(this.#open.keys());
    for (const repair of repairs) this.#reportOnce(repair);
    const lastUser = items.findLastIndex((item, at) => opensTurn(item, items, at));
    return items.filter((item, at) => item.type !== 'ghost_snapshot' && (at > lastUser || outlivesTurn(item)));
  }

  #reportOnce(repair: string): void {
    if (this.#reported.has(repair)) return;
    this.#reported.add(repair);
    this.#onRepair(repair);
  }
}
