import type { CacheMiss } from '../../../../foundation/protocol/index.ts';
import { costOf, type ModelPrices } from '../../../../models/catalogue/index.ts';
import type { RecordedRequest } from '../../../../storage/threads/index.ts';

/** What a group of requests took. Written as it is with `--json`. */
export interface UsageSum {
  readonly requests: number;
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly output_tokens: number;
  readonly reasoning_output_tokens: number;
  /** US dollars of the requests whose price is known. */
  readonly cost_usd: number;
  /** Requests whose price is not known. */
  readonly unpriced_requests: number;
  /** Requests of which no tokens were reported. */
  readonly unmeasured_requests: number;
  readonly duration_ms: number;
  /** The average; null: no request says. */
  readonly first_token_ms: number | null;
  /** By reason: how many requests, and the input tokens that the cache could have served. */
  readonly cache_misses: Readonly<Partial<Record<CacheMiss, { readonly requests: number; readonly tokens: number }>>>;
}

/** Adds requests up. Its size does not depend on how many there are. */
export class UsageCounter {
  #requests = 0;
  #input = 0;
  #cached = 0;
  #output = 0;
  #reasoning = 0;
  #cost = 0;
  #unpriced = 0;
  #unmeasured = 0;
  #durationMs = 0;
  #firstTokens = { count: 0, ms: 0 };
  readonly #misses = new Map<CacheMiss, { requests: number; tokens: number }>();

  /** `prices`: for requests whose cost was not known when they were made. */
  add({ usage, model, request }: RecordedRequest, prices: ModelPrices): void {
    this.#requests += 1;
    if (usage === null) this.#unmeasured += 1;
    this.#input += usage?.input_tokens ?? 0;
    this.#cached += usage?.cached_input_tokens ?? 0;
    this.#output += usage?.output_tokens ?? 0;
    this.#reasoning += usage?.reasoning_output_tokens ?? 0;
    const cacheWritten = request?.cacheWritten ?? 0;
    const cost = request?.costUsd ?? costOf({ usage, model, cacheWritten }, prices);
    if (cost === null) this.#unpriced += 1;
    else this.#cost += cost;
    if (request === null) return;
    this.#durationMs += request.durationMs;
    if (request.firstTokenMs !== null) {
      this.#firstTokens = { count: this.#firstTokens.count + 1, ms: this.#firstTokens.ms + request.firstTokenMs };
    }
    if (request.cacheMiss === null) return;
    const missed = this.#misses.get(request.cacheMiss) ?? { requests: 0, tokens: 0 };
    this.#misses.set(request.cacheMiss, {
      requests: missed.requests + 1,
      tokens: missed.tokens + request.missedTokens,
    });
  }

  get sum(): UsageSum {
    const { count, ms } = this.#firstTokens;
    return {
      requests: this.#requests,
      input_tokens: this.#input,
      cached_input_tokens: this.#cached,
      output_tokens: this.#output,
      reasoning_output_tokens: this.#reasoning,
      cost_usd: this.#cost,
      unpriced_requests: this.#unpriced,
      unmeasured_requests: this.#unmeasured,
      duration_ms: this.#durationMs,
      first_token_ms: count === 0 ? null : Math.round(ms / count),
      cache_misses: Object.fromEntries(this.#misses),
    };
  }
}
