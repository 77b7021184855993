import type { CacheMiss, RequestFingerprint, TokenUsage } from '../../foundation/protocol/index.ts';
import type { LastRequest } from '../../storage/rollout/index.ts';
import type { CacheUse } from '../prompt/index.ts';

/** What took items out of the conversation, so that the next request does not extend the one before. */
export type Rewrite = Extract<CacheMiss, 'compacted' | 'pruned' | 'rolledBack' | 'contentRefused'>;

/** Whom a request goes to. */
interface Recipient {
  readonly provider: string;
  readonly model: string;
}

interface Answer {
  readonly usage: TokenUsage | null;
  /** Null: the server says nothing of its cache. */
  readonly cache: CacheUse | null;
  /** Unix milliseconds. */
  readonly sentAt: number;
  /** How long the provider keeps a prompt that nobody sends again, minutes. */
  readonly keptMinutes: number;
}

/** No provider caches a prompt that is shorter (OpenAI and Anthropic document 1,024 tokens as their least). */
const MIN_CACHED_TOKENS = 1_024;
/** Caches serve whole blocks, and count a little less than was sent before. */
const SLACK_TOKENS = 512;
const SLACK_SHARE = 0.1;

/**
 * Finds out why a request found less in the provider's cache than the request before it left there, from their fingerprints.
 * The work for a request does not depend on its length.
 */
export class CacheWatch {
  #sent: (Pick<RequestFingerprint, 'instructions' | 'tools' | 'options'> & { readonly count: number }) | null;
  #to: Recipient | null;
  /** Input tokens of the last answered request, and when it was sent. */
  #answered: { readonly input: number; readonly sentAt: number } | null;
  /** The first difference from the last answered request. */
  #change: CacheMiss | null = null;
  #rewrite: Rewrite | null = null;

  constructor({ digests, fingerprint, answered }: LastRequest) {
    this.#sent = fingerprint === null ? null : { ...fingerprint, count: digests.length };
    this.#to = answered?.request ?? null;
    this.#answered = answered && { input: answered.usage?.input_tokens ?? 0, sentAt: answered.request.sentAt };
  }

  /** Items are taken out of the conversation. */
  rewritten(by: Rewrite): void {
    this.#rewrite = by;
  }

  /** A request is about to be made. */
  asked({ instructions, tools, options, kept, items }: RequestFingerprint, to: Recipient): void {
    const count = kept + items.length;
    this.#change ??= this.#changeTo({ instructions, tools, options, kept }, to);
    this.#sent = { instructions, tools, options, count };
    this.#to = to;
    this.#rewrite = null;
  }

  /** The request was answered. */
  answered({ usage, cache, sentAt, keptMinutes }: Answer): { cacheMiss: CacheMiss | null; missedTokens: number } {
    const [before, change] = [this.#answered, this.#change];
    this.#answered = { input: usage?.input_tokens ?? 0, sentAt };
    this.#change = null;
    if (usage === null || cache === null) return { cacheMiss: 'notReported', missedTokens: 0 };
    const { input_tokens: input, cached_input_tokens: cached } = usage;
    if (before === null || change === 'firstRequest') {
      return { cacheMiss: cached > 0 ? null : 'firstRequest', missedTokens: 0 };
    }
    const expected = Math.min(before.input, input);
    const missed = Math.max(0, expected - cached);
    if (missed <= Math.max(SLACK_TOKENS, expected * SLACK_SHARE)) return { cacheMiss: null, missedTokens: 0 };
    if (expected < MIN_CACHED_TOKENS) return { cacheMiss: 'tooShort', missedTokens: 0 };
    const isIdle = sentAt - before.sentAt > keptMinutes * 60_000;
    return { cacheMiss: change ?? (isIdle ? 'idle' : 'evicted'), missedTokens: missed };
  }

  #changeTo(
    next: Pick<RequestFingerprint, 'instructions' | 'tools' | 'options' | 'kept'>,
    to: Recipient,
  ): CacheMiss | null {
    const sent = this.#sent;
    if (sent === null) return 'firstRequest';
    const isRewritten = next.kept < sent.count;
    if (isRewritten && this.#rewrite !== null) return this.#rewrite;
    if (this.#to !== null && this.#to.provider !== to.provider) return 'providerChanged';
    if (this.#to !== null && this.#to.model !== to.model) return 'modelChanged';
    if (sent.instructions !== next.instructions) return 'instructionsChanged';
    if (sent.tools !== next.tools) return 'toolsChanged';
    if (isRewritten) return 'historyChanged';
    return sent.options === next.options ? null : 'optionsChanged';
  }
}
