import * as z from 'zod/mini';

/**
 * Why a request found less in the provider's cache than the request before it left there. `firstRequest`: there was none before.
 * `historyChanged`: the input does not extend that of the request before, for instance since thoughts end with their turn.
 * `idle`: more time passed than the provider keeps a prompt. `evicted`: nothing differs, and yet it was not found.
 * `tooShort`: providers cache no prompt of this length. `notReported`: the server does not say what it cached.
 */
export const CacheMiss = z.enum([
  'firstRequest',
  'providerChanged',
  'modelChanged',
  'instructionsChanged',
  'toolsChanged',
  'optionsChanged',
  'compacted',
  'pruned',
  'rolledBack',
  'contentRefused',
  'historyChanged',
  'idle',
  'evicted',
  'tooShort',
  'notReported',
]);
export type CacheMiss = z.infer<typeof CacheMiss>;

/** The reasons, for people. */
export const CACHE_MISS_TEXTS: Readonly<Record<CacheMiss, string>> = {
  firstRequest: 'the first request of a thread',
  providerChanged: 'the provider changed',
  modelChanged: 'the model changed',
  instructionsChanged: 'the instructions changed',
  toolsChanged: 'the tools changed',
  optionsChanged: 'other settings of the request changed',
  compacted: 'the conversation was compacted',
  pruned: 'old tool outputs were pruned',
  rolledBack: 'turns were taken back',
  contentRefused: 'content was removed that the provider refused',
  historyChanged: 'the input did not extend the one before (thoughts of a finished turn are not sent again)',
  idle: 'idle longer than the provider keeps a prompt',
  evicted: 'nothing changed: the provider had dropped it',
  tooShort: 'too short to be cached',
  notReported: 'the provider does not report what it cached',
};

/** What is known of one answered request besides its tokens. Recorded with them, as a part of its step's value. */
export const RequestRecord = z.lazy(() =>
  z.object({
    provider: z.string(),
    model: z.string(),
    /** Unix milliseconds. */
    sentAt: z.number(),
    /** From sending to the first piece of the answer; null: it came in one piece. */
    firstTokenMs: z.nullable(z.number()),
    /** From sending to the end of the answer. */
    durationMs: z.number(),
    /** US dollars, by the prices at that time; null: the price or the tokens are not known. */
    costUsd: z.nullable(z.number()),
    /** Input tokens that the provider wrote to its cache, where it reports them. */
    cacheWritten: z.number(),
    /** Null: the cache served what it could. */
    cacheMiss: z.nullable(CacheMiss),
    /** Input tokens that the cache could have served and did not. */
    missedTokens: z.number(),
  }),
);
export type RequestRecord = z.infer<typeof RequestRecord>;
