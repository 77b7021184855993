import type { RateLimitSnapshot, RequestRecord, ResponseItem, TokenUsage } from '../../foundation/protocol/index.ts';

/** What a server says of its prompt cache besides the tokens that it took from there. */
export interface CacheUse {
  /** Input tokens that it wrote there. */
  readonly written: number;
}

/**
 * The events of a model's response, in order of arrival. A stream that ends without a throw has ended with `completed`.
 * Deltas are for display only: `itemDone` is what counts, and the only source of items.
 */
export type ModelEvent =
  | { readonly type: 'created' }
  | {
      readonly type: 'itemAdded';
      readonly itemId: string | null;
      readonly kind: 'message' | 'reasoning' | 'image' | 'other';
    }
  | { readonly type: 'itemDone'; readonly item: ResponseItem }
  | { readonly type: 'textDelta'; readonly itemId: string | null; readonly delta: string }
  | {
      readonly type: 'reasoningSummaryDelta';
      readonly itemId: string | null;
      readonly index: number;
      readonly delta: string;
    }
  | { readonly type: 'reasoningSummaryPartAdded'; readonly itemId: string | null; readonly index: number }
  | {
      readonly type: 'reasoningContentDelta';
      readonly itemId: string | null;
      readonly index: number;
      readonly delta: string;
    }
  | { readonly type: 'webSearchBegin'; readonly callId: string }
  | { readonly type: 'rateLimits'; readonly snapshot: RateLimitSnapshot }
  | {
      readonly type: 'completed';
      readonly responseId: string;
      readonly usage: TokenUsage | null;
      /** Absent: the server says nothing of a cache. */
      readonly cache?: CacheUse;
      /** What the request took; absent where nobody measured it. */
      readonly request?: RequestRecord;
      /** The provider paused the model in the middle of its turn: it continues when it is asked again. */
      readonly goesOn?: true;
    };
