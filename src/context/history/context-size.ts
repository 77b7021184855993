import type { ResponseItem, TokenUsage } from '../../foundation/protocol/index.ts';
import { byteLength } from '../../foundation/util/index.ts';
import { isCall, isOutput } from './pairs.ts';
import { tokensInWindow } from './token-info.ts';

const BYTES_PER_TOKEN = 4;
/** Tokens of an image, whatever the size of its file: roughly a picture of 1024 x 1024 pixels. */
export const IMAGE_TOKENS = 1_000;

/** How full the context window is: the provider's count, and an estimate of the items added since. */
export class ContextSize {
  #counted = 0;
  #uncounted: ResponseItem[] = [];
  /** How many of them are estimated already. A provider that never counts leaves a whole thread uncounted. */
  #estimatedItems = 0;
  #estimate = 0;

  get tokens(): number {
    for (const item of this.#uncounted.slice(this.#estimatedItems)) this.#estimate += estimateTokens(item);
    this.#estimatedItems = this.#uncounted.length;
    return this.#counted + this.#estimate;
  }

  get counted(): number {
    return this.#counted;
  }

  added(item: ResponseItem): void {
    this.#uncounted.push(item);
  }

  /** Takes the usage of a response, which covers everything before it. Outputs of its calls, if already added, count on top. */
  measured(usage: TokenUsage): void {
    const calls = new Set(this.#uncounted.flatMap((item) => (isCall(item) ? [item.call_id] : [])));
    this.#counted = tokensInWindow(usage);
    this.#setUncounted(this.#uncounted.filter((item) => isOutput(item) && calls.has(item.call_id)));
  }

  /** Replaces one item by another; `after` null: removes it. */
  replaced(before: ResponseItem, after: ResponseItem | null): void {
    const at = this.#uncounted.indexOf(before);
    const change = (after === null ? 0 : estimateTokens(after)) - estimateTokens(before);
    if (at === -1) {
      this.#counted = Math.max(0, this.#counted + change);
      return;
    }
    if (at < this.#estimatedItems) this.#estimate += change;
    if (after !== null) this.#uncounted[at] = after;
    else {
      this.#uncounted.splice(at, 1);
      if (at < this.#estimatedItems) this.#estimatedItems -= 1;
    }
  }

  full(window: number): void {
    this.#counted = window;
    this.#setUncounted([]);
  }

  clone(): ContextSize {
    const copy = new ContextSize();
    copy.#counted = this.#counted;
    copy.#uncounted = this.#uncounted.slice();
    copy.#estimatedItems = this.#estimatedItems;
    copy.#estimate = this.#estimate;
    return copy;
  }

  #setUncounted(uncounted: ResponseItem[]): void {
    this.#uncounted = uncounted;
    this.#estimatedItems = 0;
    this.#estimate = 0;
  }
}

/** Estimates four bytes a token; an image has a fixed size. */
export function estimateTokens(item: ResponseItem): number {
  if (item.type === 'ghost_snapshot') return 0;
  // A look at each value of an item takes five times as long as its JSON, and most items are words.
  const sent = asSent(item);
  if (isText(item)) return Math.ceil(byteLength(JSON.stringify(sent)) / BYTES_PER_TOKEN);
  let images = 0;
  const text = JSON.stringify(sent, (key, value: unknown) => {
    const isPicture = key === 'image_url' || (key === 'result' && item.type === 'image_generation_call');
    if (!isPicture || typeof value !== 'string') return value;
    images += 1;
    return '';
  });
  return Math.ceil(byteLength(text) / BYTES_PER_TOKEN) + images * IMAGE_TOKENS;
}

function isText(item: ResponseItem): boolean {
  if (item.type === 'message') return item.content.every(({ type }) => type !== 'input_image');
  if (item.type === 'function_call') return item.extra === undefined;
  return isOutput(item) && typeof item.output === 'string';
}

/** What keel keeps beside an output for itself takes no room in a request. */
function asSent(item: ResponseItem): object {
  if (!isOutput(item) || item.facts === undefined) return item;
  const { facts: _facts, ...sent } = item;
  return sent;
}
