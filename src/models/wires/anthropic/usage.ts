import type { TokenUsage } from '../../../foundation/protocol/index.ts';
import { type JsonObject, numberField, objectField } from '../../json/index.ts';
import type { CacheUse } from '../../prompt/index.ts';
import { measured } from '../index.ts';

/**
 * The token counts of one response, which come in two parts: input at its start, output at its end. Both may contain all
 * counts, and a later count of the same thing is never smaller.
 */
export class UsageCount {
  #isReported = false;
  #isCacheReported = false;
  #input = 0;
  #cacheRead = 0;
  #cacheWritten = 0;
  #output = 0;
  #reasoning = 0;

  add(usage: JsonObject | null): void {
    if (usage === null) return;
    this.#isReported = true;
    this.#isCacheReported ||= numberField(usage, 'cache_read_input_tokens') !== null;
    this.#input = Math.max(this.#input, count(usage, 'input_tokens'));
    this.#cacheRead = Math.max(this.#cacheRead, count(usage, 'cache_read_input_tokens'));
    this.#cacheWritten = Math.max(this.#cacheWritten, count(usage, 'cache_creation_input_tokens'));
    this.#output = Math.max(this.#output, count(usage, 'output_tokens'));
    const details = objectField(usage, 'output_tokens_details');
    const reasoning = Math.max(count(details, 'thinking_tokens'), count(details, 'reasoning_tokens'));
    this.#reasoning = Math.max(this.#reasoning, reasoning);
  }

  /** Null when the provider says nothing of its cache. */
  cache(): CacheUse | null {
    return this.#isCacheReported ? { written: this.#cacheWritten } : null;
  }

  /** Null when the provider measured none. Its `input_tokens` are without those that the cache has to do with. */
  total(): TokenUsage | null {
    if (!this.#isReported) return null;
    const input = this.#input + this.#cacheRead + this.#cacheWritten;
    return measured({
      input_tokens: input,
      cached_input_tokens: this.#cacheRead,
      output_tokens: this.#output,
      reasoning_output_tokens: this.#reasoning,
      total_tokens: input + this.#output,
    });
  }
}

function count(usage: JsonObject | null, name: string): number {
  return Math.max(0, numberField(usage, name) ?? 0);
}
