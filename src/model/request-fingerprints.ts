import { createHash } from 'node:crypto';
import type { RequestFingerprint, ResponseItem } from '../protocol/index.ts';
import { byteLength } from '../util/index.ts';
import type { RequestParts } from './request-body.ts';
import { itemJson, type SentFormOptions } from './sent-form.ts';

/** Hexadecimal digits of a SHA-256 that are kept: enough to tell apart what one thread holds. */
const DIGITS = 12;
/** How many items from its beginning a request may have lost before it is taken for another one. */
const MAX_CUT = 64;

/**
 * Makes the fingerprints of a thread's requests. Each says only what differs from the one before, so that the work of one
 * and what it takes on the disk depend on what is new, not on how long the thread is.
 */
export class RequestFingerprints {
  #before: readonly ResponseItem[] = [];
  #instructions = { text: '', digest: digestOf('') };

  next(parts: RequestParts, sent: SentFormOptions): RequestFingerprint {
    const { items, instructions, tools, model, options } = parts;
    const cut = cutOf(this.#before, items);
    const kept = sharedFrom(this.#before, items, cut);
    this.#before = items;
    if (instructions !== this.#instructions.text) {
      this.#instructions = { text: instructions, digest: digestOf(instructions) };
    }
    return {
      instructions: this.#instructions.digest,
      tools: digestOf(JSON.stringify(tools)),
      // The thread's id is in there as the cache's key, and a fork has another.
      options: digestOf(JSON.stringify({ model, ...options, prompt_cache_key: null })),
      cut,
      kept,
      items: items.slice(kept).map((item) => digestOf(itemJson(item, sent) ?? '')),
    };
  }
}

/** How many items the later request has lost at its beginning; all, if it begins with another one. */
function cutOf(before: readonly ResponseItem[], items: readonly ResponseItem[]): number {
  const [first] = items;
  if (first === undefined) return before.length;
  const at = before.slice(0, MAX_CUT).indexOf(first);
  return at === -1 ? before.length : at;
}

function sharedFrom(before: readonly ResponseItem[], items: readonly ResponseItem[], cut: number): number {
  let kept = 0;
  while (kept < items.length && cut + kept < before.length && before[cut + kept] === items[kept]) kept += 1;
  return kept;
}

/** `<hex>:<bytes>` of a text. */
export function digestOf(text: string): string {
  return `${createHash('sha256').update(text).digest('hex').slice(0, DIGITS)}:${byteLength(text)}`;
}
