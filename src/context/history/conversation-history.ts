import type {
  CallItem,
  ElidedOutput,
  MessageItem,
  OutputItem,
  RefusedContent,
  ResponseItem,
  TokenUsage,
  TokenUsageInfo,
} from '../../foundation/protocol/index.ts';
import { ContextSize, estimateTokens } from './context-size.ts';
import { isCall, isOutput, OpenCalls, pairKey, pairUp } from './pairs.ts';
import { withPruned } from './pruning.ts';
import { asKept, isRecordable, outlivesTurn } from './recordable.ts';
import { holdsContent, withoutRefused } from './refused-items.ts';
import { addForeignUsage, addUsage, filledWindow, fillWindow, isOfResponse, withTotal } from './token-info.ts';
import { hasWords } from './user-messages.ts';

/** Told of every repair, once: a history that keel wrote itself should need none. One that throws makes it strict. */
export type RepairListener = (what: string) => void;

/**
 * The conversation as the model knows it, and the only place that adds, removes, repairs or cuts response items. Items are
 * immutable and keep their identity, so that what was serialised for one request serves the next.
 *
 * Recording costs the same however long the thread is: the prompt's form is kept and only its tail is touched. It is made
 * anew after what changes the middle: a repair, a removal, a replacement.
 */
export class ConversationHistory {
  #items: ResponseItem[] = [];
  #tokenInfo: TokenUsageInfo | null = null;
  #size = new ContextSize();
  #open = new OpenCalls();
  /** What `forPrompt` gives, brought up to date by each recording; null when it has to be made anew. */
  #prompt: ResponseItem[] | null = [];
  /** Keys of calls that stand in `#prompt` with an output of our making. */
  #mended = new Set<string>();
  #told = new Set<string>();
  readonly #onRepair: RepairListener;

  constructor(onRepair: RepairListener = () => undefined) {
    this.#onRepair = onRepair;
  }

  /** What is stored, as it was recorded; a snapshot. */
  get items(): readonly ResponseItem[] {
    return this.#items.slice();
  }

  get tokenInfo(): TokenUsageInfo | null {
    return this.#tokenInfo;
  }

  /** Tokens that the next request takes up: what the last response told, plus an estimate of what came since. */
  get contextTokens(): number {
    return this.#size.tokens;
  }

  /** What all items take up, whatever was told of it. */
  get estimatedTokens(): number {
    return this.#items.reduce((sum, item) => sum + estimateTokens(item), 0);
  }

  /** What the last response told, without what came since. */
  get measuredTokens(): number {
    return this.#size.counted;
  }

  /** Adds items in order; an output goes directly behind its call, live and rebuilt alike. */
  record(items: readonly ResponseItem[]): void {
    for (const item of items) if (isRecordable(item)) this.#add(asKept(item));
  }

  /**
   * The input of the next request: every call with its output, no snapshots, and no reasoning of earlier turns (whatever
   * stands before the last user message) but for what its provider wants to see again. A snapshot; the stored items stay
   * as they are.
   */
  forPrompt(): readonly ResponseItem[] {
    if (this.#prompt === null || !this.#openCallsAreMended()) this.#prompt = this.#rebuilt();
    return this.#prompt.slice();
  }

  /**
   * Drops the oldest items and, of those that belong to a pair, the other half too, which counts with it as one. What
   * `isKept` names stays while there is anything else.
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

  /** Removes a snapshot of the work tree, which no request holds: the size of the conversation stays. */
  removeSnapshot(id: string): void {
    this.#items = this.#items.filter((item) => item.type !== 'ghost_snapshot' || item.ghost_commit.id !== id);
  }

  /** Puts other items in place of all; the token counts stay. */
  replace(items: readonly ResponseItem[]): void {
    this.#reset();
    this.record(items);
  }

  /** Puts notes in the place of old outputs, which keep their calls. */
  prune(outputs: readonly ElidedOutput[]): void {
    this.#items = withPruned(this.#items, outputs, (before, after) => this.#size.replaced(before, after));
    this.#prompt = null;
  }

  /** Whether there is content of the kind that a provider refused. */
  holds(content: RefusedContent['content']): boolean {
    return holdsContent(this.#items, content);
  }

  /** Takes content out that a provider refused; a note is in its place. @returns how many items it was in */
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
    copy.#mended = new Set(this.#mended);
    copy.#told = new Set(this.#told);
    return copy;
  }

  /** Adds what a response used; null when the provider told nothing. `window` is the model's usable window. */
  updateTokenInfo(usage: TokenUsage | null, window: number | null): void {
    this.#tokenInfo = addUsage(this.#tokenInfo, usage, window);
    if (usage !== null) this.#size.measured(usage);
  }

  /** Adds what another conversation used on behalf of this one. */
  addForeignUsage(usage: TokenUsage, window: number | null): void {
    this.#tokenInfo = addForeignUsage(this.#tokenInfo, usage, window);
  }

  /** The provider said that the window is full. */
  setFull(window: number): void {
    this.#tokenInfo = fillWindow(this.#tokenInfo, window);
    this.#size.full(window);
  }

  /** As read back from a rollout, after its items were recorded. */
  restoreTokenInfo(info: TokenUsageInfo | null): void {
    const before = this.#tokenInfo;
    this.#tokenInfo = info;
    if (info === null) return;
    const window = filledWindow(info);
    if (window === null) {
      if (isOfResponse(before, info)) this.#size.measured(info.last_token_usage);
      // Told again, say with new rate limits, it says nothing new of the size.
    } else if (before === null || filledWindow(before) === null) this.#size.full(window);
  }

  /** The totals of a thread that was rolled back: what it used stays used, and takes up nothing of the window. */
  restoreTotal(total: TokenUsage): void {
    this.#tokenInfo = withTotal(this.#tokenInfo, total);
  }

  #reset(): void {
    this.#items = [];
    this.#open = new OpenCalls();
    this.#prompt = [];
    this.#mended = new Set();
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
    if (this.#mended.has(pairKey(call) ?? '')) this.#prompt = null;
  }

  #addOutput(output: OutputItem): void {
    const waiting = this.#open.answered(output);
    if (waiting === 0) {
      // It answers no call: kept as it came, left out of every prompt.
      this.#items.push(output);
      this.#prompt = null;
      return;
    }
    insertBehindCall(this.#items, output, waiting);
    if (this.#mended.has(pairKey(output) ?? '')) this.#prompt = null;
    if (this.#prompt) insertBehindCall(this.#prompt, output, waiting);
  }

  #openCallsAreMended(): boolean {
    for (const key of this.#open.keys()) if (!this.#mended.has(key)) return false;
    return true;
  }

  #rebuilt(): ResponseItem[] {
    const { items, repairs } = pairUp(this.#items);
    this.#mended = new Set(this.#open.keys());
    for (const repair of repairs) this.#tellOnce(repair);
    const lastUser = items.findLastIndex((item, at) => opensTurn(item, items, at));
    return items.filter((item, at) => item.type !== 'ghost_snapshot' && (at > lastUser || outlivesTurn(item)));
  }

  #tellOnce(repair: string): void {
    if (this.#told.has(repair)) return;
    this.#told.add(repair);
    this.#onRepair(repair);
  }
}

/** Where the other half of a pair stands behind its first one. */
function otherHalf(items: readonly ResponseItem[], first: number, gone: ReadonlySet<number>): number | null {
  const one = items[first];
  if (one === undefined || !(isCall(one) || isOutput(one)) || pairKey(one) === null) return null;
  for (let at = first + 1; at < items.length; at += 1) {
    const item = items[at];
    if (item === undefined || gone.has(at)) continue;
    const areHalves = isCall(one) ? isOutput(item) : isCall(item);
    if (areHalves && (isCall(item) || isOutput(item)) && pairKey(one) === pairKey(item)) return at;
  }
  return null;
}

function isUserMessage(item: ResponseItem): item is MessageItem {
  return item.type === 'message' && item.role === 'user';
}

/** Whether the user spoke: pictures alone, right behind results, are what a tool shows the model in the middle of its turn. */
function opensTurn(item: ResponseItem, items: readonly ResponseItem[], place: number): boolean {
  if (!isUserMessage(item)) return false;
  if (hasWords(item)) return true;
  for (let at = place - 1; at >= 0; at -= 1) {
    const before = items[at];
    if (before === undefined || before.type === 'ghost_snapshot') continue;
    if (!isUserMessage(before) || hasWords(before)) return !isOutput(before);
  }
  return true;
}

/** What stands before the last user message holds nothing to drop any more, so only what follows it is looked at. */
function dropReasoningOfTurn(prompt: ResponseItem[]): void {
  const from = prompt.findLastIndex((item) => isUserMessage(item) && hasWords(item)) + 1;
  const kept = prompt.slice(from).filter(outlivesTurn);
  prompt.length = from;
  for (const item of kept) prompt.push(item);
}

/** The last `waiting` calls with the output's id have no output yet; the oldest of them gets this one. */
function insertBehindCall(items: ResponseItem[], output: OutputItem, waiting: number): void {
  const key = pairKey(output);
  let left = waiting;
  let at = items.length;
  while (left > 0 && at > 0) {
    at -= 1;
    const item = items[at];
    if (item && isCall(item) && pairKey(item) === key) left -= 1;
  }
  items.splice(at + 1, 0, output);
}
